import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import zlib from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { RecordingError } from "../../src/core/model/errors.ts";
import { retryAfterMs } from "../../src/core/model/response-headers.ts";
import { type Http, openHttp } from "../../src/http/client.ts";
import { run } from "../helpers/bin.ts";
import { smallWav } from "../helpers/calls-server.ts";
import { damaged, fuzzSeconds, openRandom, pieces } from "../helpers/fuzz.ts";
import { openScriptedServer } from "../helpers/scripted-server.ts";
import { countTries } from "../helpers/tries.ts";

const random = openRandom();
const never = new AbortController().signal;

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

const client = (): Http => openHttp({ connections: 8, connectTimeoutMs: 30_000, timeoutMs: 30_000, userAgent: "fuzz" });

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
    countTries("damaged HTTP answers, by our client", fuzzSeconds * 160, 0);
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
    countTries("damaged HTTP answers, by the built program (12 each)", Math.ceil(fuzzSeconds / 2), 0);
  });
});
