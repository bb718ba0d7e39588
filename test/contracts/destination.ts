import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { asRecordingError, RecordingError } from "../../src/core/model/errors.ts";
import type { Destination, Expectation, Incoming } from "../../src/core/model/ports.ts";
import type { ResponseHead, Stored } from "../../src/core/model/recording.ts";
import { mp3, noise, wav } from "../helpers/sound-bytes.ts";

/** A destination, and what a reader finds there. */
export interface DestinationUnderTest extends AsyncDisposable {
  readonly destination: Destination;
  /** The bytes of a stored recording as anybody can read them. */
  read(stored: Stored): Buffer;
  /** Everything a reader could take for finished audio, joined. */
  visible(): Buffer;
}

export const forever = new AbortController().signal;

export function expectation(id: string, more: Partial<Expectation> = {}): Expectation {
  return { key: `ringcentral/${id}`, resume: true, overwrite: false, ...more };
}

export function ok(body: Uint8Array, headers: Record<string, string> = {}): ResponseHead {
  return { status: 200, headers: { "content-length": String(body.length), ...headers } };
}

/** Hands a whole answer to an incoming recording, pausing when asked to, as an HTTP client does. */
export async function feed(incoming: Incoming, head: ResponseHead, body: Uint8Array, step = 16_384): Promise<void> {
  incoming.head(head);
  for (let at = 0; at < body.length; at += step) await incoming.chunk(Buffer.from(body.subarray(at, at + step)));
}

/** One whole transfer: stored and safe, or the error after the incoming recording was given up as it must be. */
export async function put(
  destination: Destination,
  path: string,
  expect: Expectation,
  head: ResponseHead,
  body: Uint8Array,
  step?: number,
): Promise<Stored> {
  const incoming = await destination.open(path, expect, forever);
  try {
    await feed(incoming, head, body, step);
  } catch (thrown) {
    const error = asRecordingError(thrown);
    await incoming.abandon(error);
    throw error;
  }
  return (await incoming.finish()).settled;
}

/** What every destination must do, wherever it puts audio. */
export function testDestination(name: string, open: () => Promise<DestinationUnderTest>): void {
  const path = "a/b_1.{ext}";

  describe(`a destination (${name})`, () => {
    test.each([
      ["a short WAV", wav(), 16_384, "audio/wav"],
      ["an mp3 in drips", mp3(3), 1, "audio/mpeg"],
      ["a long WAV", wav({ seconds: 1200 }), 65_536, "audio/wav"],
    ])("stores %s byte for byte and says what it is", async (_name, body, step, contentType) => {
      await using world = await open();
      const stored = await put(world.destination, path, expectation("1"), ok(body), body, step);
      expect(stored.bytes).toBe(body.length);
      expect(stored.contentType).toBe(contentType);
      expect(stored.sha256).toBe(createHash("sha256").update(body).digest("hex"));
      expect(world.read(stored).equals(body)).toBe(true);
    });

    test("tells the length of the sound, and takes a body of unannounced length", async () => {
      await using world = await open();
      const body = wav({ seconds: 3 });
      const stored = await put(world.destination, path, expectation("1"), { status: 200, headers: {} }, body);
      expect(stored.audioSeconds).toBe(3);
    });

    test.each<[string, ResponseHead | undefined, Uint8Array, string]>([
      ["a login page", undefined, Buffer.from("<html><input type=password>"), "not-audio"],
      ["a JSON error", undefined, Buffer.from('{"errorCode":"CMN-102"}'), "not-audio"],
      ["a ZIP archive", undefined, Buffer.concat([Buffer.from("PK\x03\x04\0"), noise(9000, 1)]), "not-audio"],
      ["an empty body", undefined, Buffer.alloc(0), "empty-body"],
      ["a short body", { status: 200, headers: { "content-length": "9000" } }, wav(), "wrong-length"],
      ["a cut WAV of unannounced length", { status: 200, headers: {} }, wav().subarray(0, 5000), "bad-audio"],
      ["404", { status: 404, headers: {} }, Buffer.from('{"errorCode":"CMN-102"}'), "http-error"],
      ["429", { status: 429, headers: { "retry-after": "7" } }, Buffer.alloc(0), "rate-limited"],
      ["503", { status: 503, headers: {} }, wav(), "server-error"],
    ])("refuses %s, and can be tried again", async (_name, head, body, code) => {
      await using world = await open();
      const refused = put(world.destination, path, expectation("1"), head ?? ok(body), body);
      await expect(refused).rejects.toMatchObject({ code });
      if (code !== "wrong-length" && code !== "bad-audio") expect(world.visible().length).toBe(0);
      const whole = wav();
      const stored = await put(world.destination, path, expectation("1"), ok(whole), whole);
      expect(world.read(stored).equals(whole)).toBe(true);
    });

    test("keeps a refusal's head and text for the source to classify", async () => {
      await using world = await open();
      const text = '{"errorCode":"AGW-401"}';
      const head = { status: 401, headers: { "content-type": "application/json" } };
      const refused = put(world.destination, path, expectation("1"), head, Buffer.from(text));
      await expect(refused).rejects.toMatchObject({ code: "http-error", body: text, head: { status: 401 } });
    });

    test("lets a broken transfer go, and takes the next attempt from where it begins", async () => {
      await using world = await open();
      const body = wav({ seconds: 30 });
      for (const cut of [0, 10, 60_000]) {
        const broken = await world.destination.open(path, expectation("1"), forever);
        await feed(broken, ok(body), body.subarray(0, cut));
        await broken.abandon(new RecordingError("reset", "The connection broke."));
      }
      const stored = await put(world.destination, path, expectation("1"), ok(body), body);
      expect(world.read(stored).equals(body)).toBe(true);
    });
  });
}
