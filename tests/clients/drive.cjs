// Drives one stock client through the whole specification, as an institution's own server would.
//
//   NODE_PATH=…/node_modules node drive.cjs segment|rudder <address> <write key>
//
// Ends with 0 when everything was handed over; whatever the client reports as failed goes to
// stderr and ends with 1.

const [, , client, address, writeKey] = process.argv;

const failed = [];
const report = (what) => failed.push(String(what && what.message ? what.message : what));

const calls = [
  ["identify", { userId: "u1", anonymousId: "a1", traits: { name: "张伟", plan: "gold" } }],
  ["track", { userId: "u1", event: "Fund Viewed", properties: { code: "F012", amount: 12.5 } }],
  ["page", { userId: "u1", name: "Home", properties: { url: "https://bank.example/?utm_source=x" } }],
  ["screen", { userId: "u1", name: "Portfolio" }],
  ["group", { userId: "u1", groupId: "branch-7", traits: { city: "Wuhan" } }],
  ["alias", { userId: "u1", previousId: "old-1" }],
  ["track", { anonymousId: "a1", event: "Order Filled", timestamp: new Date(Date.now() - 3600e3) }],
];

async function segment() {
  const { Analytics } = require("@segment/analytics-node");
  const analytics = new Analytics({ writeKey, host: address, flushAt: 20, maxRetries: 2 });
  analytics.on("error", report);
  for (const [call, told] of calls) analytics[call](told);
  await analytics.closeAndFlush();
}

async function rudder() {
  const Analytics = require("@rudderstack/rudder-sdk-node");
  const analytics = new Analytics(writeKey, {
    dataPlaneUrl: address,
    logLevel: "error",
    retryCount: 1,
    errorHandler: report,
  });
  // What it takes and the specification's limit does not: the rest of the batch must not suffer.
  if (process.env.TOO_LARGE) {
    analytics.track({ userId: "u1", event: "Huge", properties: { text: "x".repeat(70_000) } });
  }
  for (const [call, told] of calls) analytics[call](told);
  await analytics.flush();
}

({ segment, rudder })[client]().then(
  () => {
    if (failed.length) process.stderr.write(failed.join("\n"));
    process.exit(failed.length ? 1 : 0);
  },
  (error) => {
    process.stderr.write(String(error && error.stack ? error.stack : error));
    process.exit(1);
  },
);
