// Drives one stock client through traffic that is large, odd and badly timed.
//
//   NODE_PATH=…/node_modules node traffic.cjs segment|rudder <address> <write key>
//
// SKEW_HOURS moves the clock of this process. Ends with 0 when everything was handed over.

const [, , client, address, writeKey] = process.argv;

const skew = Number(process.env.SKEW_HOURS || 0) * 3600e3;
if (skew) {
  const Real = Date;
  global.Date = class extends Real {
    constructor(...told) {
      if (told.length) super(...told);
      else super(Real.now() + skew);
    }
    static now() {
      return Real.now() + skew;
    }
  };
}

const failed = [];
const report = (what) => failed.push(String(what && what.message ? what.message : what));
const wide = "沪深300ETF🚀𠮷é".repeat(1300); // near the limit of one event, in bytes

const calls = [
  [
    "identify",
    {
      userId: "客户-1",
      anonymousId: "a-1",
      messageId: "identify-1",
      traits: { name: "欧阳🚀", plan: "gold", nested: { a: [1, { b: null }] }, city: "武汉" },
    },
  ],
  ["track", { userId: "客户-1", event: "基金 浏览", messageId: "wide", properties: { text: wide } }],
  ["track", { anonymousId: "a-1", event: "Nobody", messageId: "nobody", properties: { none: null } }],
  ["screen", { userId: "客户-1", name: "持仓", messageId: "screen-1" }],
  ["group", { userId: "客户-1", groupId: "分行-7", messageId: "group-1", traits: { size: 3 } }],
  ["alias", { userId: "客户-1", previousId: "old-1", messageId: "alias-1" }],
];
for (let at = 0; at < 60; at++) {
  const properties = { at, text: "x".repeat(9_000), list: [at, [at, { at }]] };
  calls.push(["track", { userId: "客户-1", event: "Large", messageId: `large-${at}`, properties }]);
}
calls.push(calls[1], calls[20]); // the same messages once more

async function segment() {
  const { Analytics } = require("@segment/analytics-node");
  const analytics = new Analytics({ writeKey, host: address, flushAt: 50, maxRetries: 8 });
  analytics.on("error", report);
  for (const [call, told] of calls) analytics[call](told);
  await analytics.closeAndFlush({ timeout: 60_000 });
}

async function rudder() {
  const Analytics = require("@rudderstack/rudder-sdk-node");
  const analytics = new Analytics(writeKey, {
    dataPlaneUrl: address,
    logLevel: "error",
    retryCount: 8,
    maxInternalQueueSize: 500,
    errorHandler: report,
  });
  let open = calls.length;
  for (const [call, told] of calls) analytics[call](told, () => open--);
  // One flush sends one batch and no more.
  for (let turn = 0; open && turn < 600; turn++) {
    await analytics.flush();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
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
