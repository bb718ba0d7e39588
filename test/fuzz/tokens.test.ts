import { expect, it } from "vitest";
import { RecordingError } from "../../src/core/model/errors.ts";
import { openRingCentral } from "../../src/sources/ringcentral/index.ts";
import { authorityOf } from "../../src/sources/tim/echo-rewrite.ts";
import { urlInAnswer } from "../../src/sources/tim/token-url.ts";
import { damaged, fuzzSeconds, openRandom, pieces } from "../helpers/fuzz.ts";
import { openScriptedServer } from "../helpers/scripted-server.ts";
import { countTries } from "../helpers/tries.ts";
import { leapingClock, openWorld } from "../sources/ringcentral/world.ts";

const random = openRandom();
const never = new AbortController().signal;

it("damaged token answers of TIM give a whole address or one of our errors", () => {
  const head = { status: 200, headers: {} };
  const whole = [
    "http://echo.example:8090/a/b?token=1&x=%20",
    "\ufeffhttps://Echo.example/\u00fc?t=1\r\n",
    "http://[2001:db8::1]:80/x",
    "",
  ].flatMap((text) => [Buffer.from(text), Buffer.from(`\ufeff${text}`, "utf16le")]);
  for (let round = 0; round < fuzzSeconds * 3000; round += 1) {
    const body = damaged(whole[random(whole.length)] as Buffer, random, pieces);
    try {
      const url = urlInAnswer(head, body, "r", "tim.example");
      const sent = new URL((/^[^/]+\/\/[^/?#]*/.exec(url) ?? [""])[0]);
      expect(authorityOf(url), url).toBe(sent.host);
    } catch (error) {
      expect(error, body.toString("latin1")).toBeInstanceOf(RecordingError);
    }
  }
  countTries("damaged token answers of TIM", fuzzSeconds * 3000, 0);
});

it("damaged token answers of RingCentral give a login or one of our errors", async () => {
  const whole = Buffer.from(
    '{"access_token":"t","token_type":"bearer","expires_in":3600,"refresh_token":"r","refresh_token_expires_in":60,"scope":"A B","owner_id":"1"}',
  );
  const refusal = Buffer.from('{"error":"invalid_client","errors":[{"errorCode":"OAU-153"}],"error_description":"x"}');
  const statuses = [200, 200, 200, 200, 400, 401, 403, 302, 204, 500];
  await using scripted = await openScriptedServer(() => ({
    status: statuses[random(statuses.length)] as number,
    body: damaged(random(4) === 0 ? refusal : whole, random, pieces),
  }));
  for (let round = 0; round < fuzzSeconds * 10; round += 1) {
    const hosts = { server: scripted.origin, mediaServer: scripted.origin };
    await using world = openWorld(hosts, { jwt: "a.b.c" }, leapingClock(Date.now()));
    await using source = openRingCentral(world.settings, world.context);
    try {
      const link = await source.link(source.named("401786810001")!, undefined, never);
      expect(link.headers.authorization).toMatch(/^Bearer \S/);
    } catch (error) {
      expect(error).toBeInstanceOf(RecordingError);
      expect((error as RecordingError).code).not.toBe("bug");
    }
  }
  countTries("damaged token answers of RingCentral", fuzzSeconds * 10, 0);
});
