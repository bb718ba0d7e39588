import { expect, it } from "vitest";
import { RecordingError } from "../../src/core/model/errors.ts";
import { openRingCentral } from "../../src/sources/ringcentral/index.ts";
import { damaged, fuzzSeconds, openRandom, pieces } from "../helpers/fuzz.ts";
import { openScriptedServer } from "../helpers/scripted-server.ts";
import { countTries } from "../helpers/tries.ts";
import { leapingClock, openWorld } from "../sources/ringcentral/world.ts";

const random = openRandom();
const never = new AbortController().signal;
const now = Date.UTC(2026, 9, 15, 12);
const day = 86_400_000;

const login = {
  access_token: "secret-token",
  token_type: "bearer",
  expires_in: 3600,
  scope: "ReadCallLog",
  owner_id: "1",
};
const accidents = [
  ...pieces,
  '"records":',
  '"recording":null',
  '"__proto__":{"x":1}',
  '"nextPage":{"uri":"https://169.254.169.254/"}',
  '"totalElements":9e9',
  "[[[[[[[[",
  '"startTime":"+999999-01-01T00:00:00Z"',
  "\\ud800",
];

const calls = Array.from({ length: 7 }, (_, at) => ({
  id: `c${at}`,
  sessionId: `s${at}`,
  startTime: new Date(now - day + at * 3_600_000).toISOString(),
  duration: 60,
  direction: at % 2 === 0 ? "Inbound" : "Outbound",
  from: { phoneNumber: "+15550100", name: "A" },
  to: { extensionNumber: "101" },
  recording: {
    id: `40178681000${at}`,
    contentUri: `https://media.example/restapi/v1.0/account/1/recording/40178681000${at}/content`,
  },
}));
const page = { records: calls, paging: { page: 1, perPage: 100, totalElements: calls.length }, navigation: {} };

it("a damaged call log gives calls or one of our errors: never fewer calls for a whole list, never a foreign id", async () => {
  const rounds = fuzzSeconds * 15;
  const whole = Buffer.from(JSON.stringify(page));
  let sent: Buffer = whole;
  await using scripted = await openScriptedServer(({ path }) => {
    if (path.endsWith("/oauth/token")) return { body: login };
    if (!path.endsWith("/call-log")) return { status: 404, body: {} };
    return { headers: { "content-type": "application/json" }, body: sent };
  });
  for (let round = 0; round < rounds; round += 1) {
    sent = random(8) === 0 ? whole : damaged(whole, random, accidents);
    const hosts = { server: scripted.origin, mediaServer: scripted.origin };
    await using world = openWorld(hosts, { jwt: "a.b.c" }, leapingClock(now));
    await using source = openRingCentral(world.settings, world.context);
    let records = 0;
    try {
      const selection = { fromMs: now - 2 * day, toMs: now - day / 2 };
      for await (const batch of source.list!(selection, never)) {
        records += batch.rows.length;
        for (const row of batch.rows) foundIn(() => source.recordings(row));
      }
      const parsed = jsonOf(sent);
      // A list that was taken for whole: every record it holds was handed on, or none could be read.
      if (parsed !== undefined) expect(records, sent.toString("latin1")).toBeGreaterThanOrEqual(parsed);
    } catch (error) {
      expect(error, sent.toString("latin1")).toBeInstanceOf(RecordingError);
      expect((error as RecordingError).code).not.toBe("bug");
      expect(String(error)).not.toContain("secret-token");
    }
  }
  countTries("damaged call logs of RingCentral", rounds, 0);
});

/** Each recording that a row names has an id of RingCentral's kind; a row that cannot be read says so. */
function foundIn(read: () => { readonly refs: readonly { readonly id: string }[] }): void {
  try {
    for (const { id } of read().refs) expect(id).toMatch(/^\d{1,40}$/);
  } catch (error) {
    expect(error).toBeInstanceOf(RecordingError);
  }
}

/** How many distinct calls of the window an answer holds for certain; undefined where it is no JSON. */
function jsonOf(body: Buffer): number | undefined {
  try {
    const parsed: unknown = JSON.parse(body.toString());
    const { records } = parsed as { records?: unknown };
    if (!Array.isArray(records)) return undefined;
    const plain = records.filter((each) => calls.some((call) => JSON.stringify(call) === JSON.stringify(each)));
    return new Set(plain.map(({ id }) => id)).size;
  } catch {
    return undefined;
  }
}
