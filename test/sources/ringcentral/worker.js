import { setTimeout as sleep } from "node:timers/promises";
import { openHttp } from "../../../dist/http/client.js";
import { openRingCentral } from "../../../dist/sources/ringcentral/index.js";

// A second process of the same user: takes settings from its parent, fetches these recordings however often it must
// ask, tells when the rate limit makes it wait, and how many came.
process.once("message", async ({ settings, ids }) => {
  const http = openHttp({
    connections: 8,
    connectTimeoutMs: 30_000,
    timeoutMs: 30_000,
    userAgent: "callreel-test",
  });
  const clock = {
    now: () => Date.now(),
    monotonic: () => performance.now(),
    sleep: (ms, signal) => sleep(ms, undefined, { signal }),
  };
  const report = ({ event }) => process.connected && process.send({ event });
  const source = openRingCentral(settings, {
    http,
    clock,
    random: Math.random,
    report,
  });
  const { signal } = new AbortController();
  let fetched = 0;
  const worker = async () => {
    for (let id = ids.shift(); id !== undefined; id = ids.shift()) {
      const link = await source.link(source.named(id), undefined, signal);
      const answer = await http.request({ url: link.url, headers: link.headers }, signal);
      link.answered(answer);
      if (answer.status === 200) fetched += 1;
      if (answer.status === 429) ids.push(id);
    }
  };
  await Promise.all([worker(), worker(), worker(), worker()]);
  await source[Symbol.asyncDispose]();
  await http[Symbol.asyncDispose]();
  process.send({ fetched });
  process.disconnect();
});
