// Every call type with @rudderstack/rudder-sdk-node: rudder_node.cjs HOST KEY AGE_S
const Analytics = require("@rudderstack/rudder-sdk-node");

const [dataPlaneUrl, writeKey, age] = process.argv.slice(2);
const analytics = new Analytics(writeKey, { dataPlaneUrl, flushInterval: 200 });

const timestamp = new Date(Date.now() - Number(age) * 1000);
const who = { userId: "u-42", anonymousId: "a-42", timestamp };
analytics.identify({ ...who, traits: { email: "ines@halden.no" } });
analytics.track({ ...who, event: "Plan chosen", properties: { plan: "gold" } });
analytics.page({ ...who, name: "Pricing", properties: { url: "https://shop.example/pricing" } });
analytics.screen({ ...who, name: "Basket" });
analytics.group({ ...who, groupId: "g-7", traits: { name: "Halden Foods" } });
analytics.alias({ previousId: "a-42", userId: "u-42", timestamp });
analytics.flush().then(() => process.exit(0), (error) => { console.error(error); process.exit(1); });
