import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import zlib from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { retryAfterMs } from "../src/core/answer.ts";
import { RecordingError } from "../src/core/errors.ts";
import { type Http, openHttp } from "../src/http.ts";
import { openRingCentral } from "../src/sources/ringcentral/index.ts";
import { urlInAnswer } from "../src/sources/tim/answer.ts";
import { authorityOf } from "../src/sources/tim/echo-host.ts";
import { run } from "./helpers/bin.ts";
import { smallWav } from "./helpers/calls-server.ts";
import { damaged, fuzzSeconds, openRandom } from "./helpers/fuzz.ts";
import { openScriptedServer } from "./helpers/scripted-server.ts";
import { leapingClock, openWorld } from "./sources/ringcentral/world.ts";

const random = openRandom();
const never = new AbortController().signal;

const pieces = [
  "\r\n",
  "\r\n\r\n",
  "\0",
  "\ufeff",
  ": ",
  "HTTP/1.1 103 Early Hints\r\n\r\n",
  "HTTP/1.1 200 OK\r\n",
  "Content-Length: 5\r\n",
  "Content-Length: -1\r\n",
  "Content-Length: 99999999999999999999\r\n",
  "Transfer-Encoding: chunked\r\n",
  "Content-Encoding: gzip\r\n",
  "Content-Encoding: br, deflate\r\n",
  "Content-Encoding: zstd\r\n",
  "Content-Range: bytes 5-9/10\r\n",
  "Retry-After: 1e9\r\n",
  "Retry-After: Fri, 99 Foo 9999 00:00:00 GMT\r\n",
  "Location: http://\\@x/\r\n",
  "Location: //[::1\r\n",
  "X-Rate-Limit-Remaining: NaN\r\n",
  "Date: never\r\n",
  "\x1f\x8b\x08",
  "ffffffffffffffffff\r\n",
  "0\r\n\r\n",
  "http://",
  "\\@",
  "%",
  "{",
  '"expires_in":',
  "null",
  "1e999",
];

function answerOf(status: string, headers: readonly string[], body: Uint8Array): Buffer {
  return Buffer.concat([
    Buffer.from(`HTTP/1.1 ${status}\r\n${headers.map((each) => `${each}\r\n`).join("")}\r\n`),
    body,
  ]);
}

const wav = smallWav("a");
const gzipped = zlib.gzipSync(wav);
const answers = [
  answerOf("200 OK", ["Content-Type: audio/wav", `Content-Length: ${wav.length}`], wav),
  answerOf(
    "200 OK",
    ["Content-Type: audio/wav", "Content-Encoding: gzip", `Content-Length: ${gzipped.length}`],
    gzipped,
  ),
  answerOf("200 OK", ["Content-Encoding: br"], zlib.brotliCompressSync(wav)),
  answerOf("200 OK", ["Transfer-Encoding: chunked"], Buffer.from("5\r\nRIFF1\r\n0\r\n\r\n")),
  answerOf("206 Partial", ["Content-Range: bytes 0-9/10", "Content-Length: 10"], wav.subarray(0, 10)),
  answerOf("302 Found", ["Location: /elsewhere?sig=1", "Content-Length: 0"], Buffer.alloc(0)),
  answerOf(
    "404 Not Found",
    ["Content-Type: application/json"],
    Buffer.from('{"errorCode":"CMN-102","errors":[{"errorCode":"CMN-102"}]}'),
  ),
  answerOf("429 Slow", ["Retry-After: 0", "Content-Length: 0"], Buffer.alloc(0)),
];

/** Gives each connection one answer, damaged, and closes it. */
let server: Server;
let origin: string;
beforeAll(async () => {
  server = createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", () => {
      const whole = answers[random(answers.length)] as Buffer;
      socket.end(random(8) === 0 ? whole : damaged(whole, random, pieces));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  origin = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
});
afterAll(() => server.close());

const client = (): Http => openHttp({ connections: 8, connectTimeoutMs: 2000, timeoutMs: 5000, userAgent: "fuzz" });

describe("damaged answers", () => {
  it("end each request with an answer or one of our errors", async () => {
    await using http = client();
    for (let round = 0; round < fuzzSeconds * 20; round += 1) {
      const ends = Array.from({ length: 8 }, () => http.request({ url: `${origin}/x`, maxBytes: 100_000 }, never));
      for (const end of await Promise.allSettled(ends)) {
        if (end.status === "rejected") expect(end.reason).toBeInstanceOf(RecordingError);
        else retryAfterMs(end.value, Date.now());
      }
    }
  });

  it("end the built program with one of its exit codes, never with a bug", async () => {
    for (let round = 0; round < Math.ceil(fuzzSeconds / 2); round += 1) {
      const home = mkdtempSync(join(tmpdir(), "callreel-fuzz-"));
      const rows = join(home, "rows.csv");
      const ids = Array.from({ length: 12 }, (_, at) => `3,4,NCS${at}`);
      writeFileSync(rows, ["datasource,voicelocation,voicefilename", ...ids].join("\n"));
      const token = await openScriptedServer(({ query }) => ({ body: `${origin}/echo/${query.get("recordingid")}` }));
      const env = { TIM_URL: token.origin, TIM_USERNAME: "u", TIM_PASSWORD: "p", HOME: home };
      const args = ["download", "--rows", rows, "-d", join(home, "a"), "-R", "1", "--max-duration", "20s"];
      const { code, err } = await run(args, { env: { ...env, XDG_STATE_HOME: home, XDG_CONFIG_HOME: home } });
      expect([0, 2, 3, 5, 8], err).toContain(code);
      expect(err).not.toMatch(/bug in callreel|^\s+at /m);
      await token[Symbol.asyncDispose]();
      rmSync(home, { recursive: true });
    }
  });
});

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
});
