// Every call type with @rudderstack/analytics-js in a page whose address is ?host=HOST&age=SECONDS
const asked = new URLSearchParams(location.search);
const source = {
  id: "source", name: "site", writeKey: "browser-key", enabled: true, workspaceId: "w", updatedAt: "", destinations: [],
  config: { statsCollection: { errors: { enabled: false }, metrics: { enabled: false } } },
};
const analytics = new window.rudderanalytics.RudderAnalytics();
analytics.load("browser-key", `http://${asked.get("host")}`, {
  getSourceConfig: () => ({ source }),
  onLoaded: () => setTimeout(() => { document.title = "done"; }, 500),
});

const originalTimestamp = new Date(Date.now() - Number(asked.get("age")) * 1000).toISOString();
const options = { originalTimestamp, context: { consent: 3 } };
analytics.identify("u-42", { email: "ines@halden.no" }, options);
analytics.track("Plan chosen", { plan: "gold" }, options);
analytics.page("", "Pricing", {}, options);
analytics.group("g-7", { name: "Halden Foods" }, options);
analytics.alias("u-42", "a-42", options);
