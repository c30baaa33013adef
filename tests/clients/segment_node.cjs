// Every call type with @segment/analytics-node: segment_node.cjs HOST KEY AGE_S
const { Analytics } = require("@segment/analytics-node");

const [host, writeKey, age] = process.argv.slice(2);
const analytics = new Analytics({ writeKey, host });
analytics.on("error", (error) => { console.error(error); process.exitCode = 1; });

const timestamp = new Date(Date.now() - Number(age) * 1000);
const who = { userId: "u-42", anonymousId: "a-42", timestamp };
analytics.identify({ ...who, traits: { email: "ines@halden.no" } });
analytics.track({ ...who, event: "Plan chosen", properties: { plan: "gold" } });
analytics.page({ ...who, name: "Pricing", properties: { url: "https://shop.example/pricing" } });
analytics.screen({ ...who, name: "Basket" });
analytics.group({ ...who, groupId: "g-7", traits: { name: "Halden Foods" } });
analytics.alias({ previousId: "a-42", userId: "u-42", timestamp });
analytics.closeAndFlush({ timeout: 10_000 });
