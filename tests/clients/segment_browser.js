// Every call type with @segment/analytics-next in a page whose address is ?host=HOST&age=SECONDS
const asked = new URLSearchParams(location.search);
const apiKey = "browser-key";
const segment = { apiKey, apiHost: `${asked.get("host")}/v1`, protocol: "http" };
const analytics = window.AnalyticsNext.AnalyticsBrowser.load({
  writeKey: apiKey,
  cdnSettings: { integrations: { "Segment.io": segment } },
});

const timestamp = new Date(Date.now() - Number(asked.get("age")) * 1000);
const options = { timestamp, context: { consent: 3 } };
(async () => {
  await analytics.identify("u-42", { email: "ines@halden.no" }, options);
  await analytics.track("Plan chosen", { plan: "gold" }, options);
  await analytics.page("", "Pricing", {}, options);
  await analytics.screen("", "Basket", {}, options);
  await analytics.group("g-7", { name: "Halden Foods" }, options);
  await analytics.alias("u-42", "a-42", options);
  document.title = "done";
})();
