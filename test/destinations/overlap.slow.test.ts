import { readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { openTransfer } from "../../src/core/download/transfer.ts";
import { asRecordingError, RecordingError } from "../../src/core/model/errors.ts";
import type { Destination } from "../../src/core/model/ports.ts";
import type { ResponseHead } from "../../src/core/model/recording.ts";
import { openDisk } from "../../src/destinations/disk/disk.ts";
import { seededRandom } from "../../src/sandbox/audio/seeded-random.ts";
import { expectation, feed, forever, ok } from "../contracts/destination.ts";
import { wav } from "../helpers/sound-bytes.ts";
import { openTempFolder } from "../helpers/temp-folder.ts";

const path = "a/b_1.{ext}";
const overlap = 64 * 1024;
const body = wav({ seconds: 60 });
const broke = new RecordingError("reset", "The connection broke.");

async function breakAt(destination: Destination, length: number, headers: Record<string, string> = {}): Promise<void> {
  const incoming = await destination.open(path, expectation("1"), forever);
  await feed(incoming, ok(body, headers), body.subarray(0, length));
  await incoming.abandon(broke);
}

function rest(of: Buffer, first: number, headers: Record<string, string> = {}): [ResponseHead, Buffer] {
  const range = `bytes ${first}-${of.length - 1}/${of.length}`;
  return [{ status: 206, headers: { "content-range": range, ...headers } }, of.subarray(first)];
}

async function continued(destination: Destination, head: ResponseHead, bytes: Buffer): Promise<string> {
  const incoming = await destination.open(path, expectation("1"), forever);
  try {
    await feed(incoming, head, bytes, 1000);
    const stored = await (await incoming.finish()).settled;
    return `kept ${stored.bytes}`;
  } catch (thrown) {
    const error = asRecordingError(thrown);
    await incoming.abandon(error);
    return error.code;
  }
}

describe("without a validator", () => {
  test("the last 64 KiB are asked for again, and the rest is taken when they are the same", async () => {
    using folder = openTempFolder();
    await using destination = await openDisk(folder.path);
    await breakAt(destination, 200_000);
    const incoming = await destination.open(path, expectation("1"), forever);
    expect(incoming.rangeHeaders).toEqual({ range: `bytes=${200_000 - overlap}-` });
    await feed(incoming, ...rest(body, 200_000 - overlap));
    const stored = await (await incoming.finish()).settled;
    expect(stored).toMatchObject({ bytes: body.length, resumedFrom: 200_000 });
    expect(readFileSync(join(folder.path, stored.path)).equals(body)).toBe(true);
    expect(readdirSync(join(folder.path, ".callreel/partial"))).toEqual([]);
  });

  test.each<[string, [ResponseHead, Buffer], string]>([
    ["of other bytes", rest(Buffer.from(body.map((byte) => byte ^ 1)), 200_000 - overlap), "changed"],
    ["of another length", rest(Buffer.concat([body, body]), 200_000 - overlap), "changed"],
    ["from elsewhere", rest(body, 200_000), "changed"],
    [
      "that does not say of how much",
      [
        {
          status: 206,
          headers: { "content-range": `bytes ${200_000 - overlap}-299999/*`, "content-length": "165536" },
        },
        body.subarray(200_000 - overlap, 300_000),
      ],
      "wrong-length",
    ],
    [
      "that ends within what is here",
      [rest(body, 200_000 - overlap)[0], body.subarray(200_000 - overlap, 180_000)],
      "changed",
    ],
    [
      "416 with a total below the first one",
      [{ status: 416, headers: { "content-range": "bytes */200000" } }, body],
      "changed",
    ],
  ])("a continuation %s is refused", async (_name, [head, bytes], code) => {
    using folder = openTempFolder();
    await using destination = await openDisk(folder.path);
    await breakAt(destination, 200_000);
    expect(await continued(destination, head, bytes)).toBe(code);
    expect(folder.files()).toEqual([]);
    if (code === "changed") {
      const next = await destination.open(path, expectation("1"), forever);
      expect(next.rangeHeaders).toEqual({});
      await next.abandon(broke);
    }
    expect(await continued(destination, ok(body), body)).toBe(`kept ${body.length}`);
  });

  test.each(["changed", "bad-answer"] as const)(
    "an answer to the question for the rest that cannot be used at all (%s) is followed by one for the whole",
    async (code) => {
      using folder = openTempFolder();
      await using destination = await openDisk(folder.path);
      await breakAt(destination, 200_000);
      const incoming = await destination.open(path, expectation("1"), forever);
      await incoming.abandon(new RecordingError(code, "The server continues with encoded bytes."));
      const next = await destination.open(path, expectation("1"), forever);
      expect(next.rangeHeaders).toEqual({});
      await next.abandon(broke);
    },
  );

  test("a server that is out of order leaves the part as it is", async () => {
    using folder = openTempFolder();
    await using destination = await openDisk(folder.path);
    await breakAt(destination, 200_000);
    const incoming = await destination.open(path, expectation("1"), forever);
    await incoming.abandon(new RecordingError("server-error", "Out of order."));
    const next = await destination.open(path, expectation("1"), forever);
    expect(next.rangeHeaders).toEqual({ range: `bytes=${200_000 - overlap}-` });
    await next.abandon(broke);
  });

  test("a part no longer than that is not worth continuing", async () => {
    using folder = openTempFolder();
    await using destination = await openDisk(folder.path);
    await breakAt(destination, overlap);
    expect(await continued(destination, ok(body), body)).toBe(`kept ${body.length}`);
  });

  test("an old enough Last-Modified goes along, and must come back", async () => {
    const day = "Wed, 01 May 2024 00:00:00 GMT";
    using folder = openTempFolder();
    await using destination = await openDisk(folder.path);
    await breakAt(destination, 200_000, { "last-modified": day, date: "Thu, 02 May 2024 00:00:00 GMT" });
    const incoming = await destination.open(path, expectation("1"), forever);
    expect(incoming.rangeHeaders).toEqual({ range: `bytes=${200_000 - overlap}-`, "if-range": day });
    await incoming.abandon(broke);
    const later = rest(body, 200_000 - overlap, { "last-modified": "Thu, 02 May 2024 00:00:00 GMT" });
    expect(await continued(destination, ...later)).toBe("changed");
  });

  test("a fresh Last-Modified tells nothing", async () => {
    using folder = openTempFolder();
    await using destination = await openDisk(folder.path);
    const now = "Thu, 02 May 2024 00:00:00 GMT";
    await breakAt(destination, 200_000, { "last-modified": now, date: now });
    const incoming = await destination.open(path, expectation("1"), forever);
    expect(incoming.rangeHeaders).toEqual({ range: `bytes=${200_000 - overlap}-` });
    await incoming.abandon(broke);
  });
});

test("a 416 below the first answer's total is no proof of a whole file, even with a validator", async () => {
  using folder = openTempFolder();
  await using destination = await openDisk(folder.path);
  await breakAt(destination, 200_000, { etag: '"v1"' });
  const head = { status: 416, headers: { "content-range": "bytes */200000" } };
  expect(await continued(destination, head, Buffer.alloc(0))).toBe("changed");
});

describe("an answer that names a range is what the range says", () => {
  async function fetched(head: ResponseHead, bytes: Buffer, brokenAt?: number): Promise<string> {
    using folder = openTempFolder();
    await using destination = await openDisk(folder.path);
    if (brokenAt !== undefined) await breakAt(destination, brokenAt);
    const stream = async (_request: unknown, receiver: Parameters<typeof feed>[0]) => feed(receiver, head, bytes);
    const transfer = openTransfer({ ringcentral: [{ stream: stream as never }] }, destination);
    const job = {
      source: "ringcentral" as const,
      url: "",
      headers: {},
      resumable: true,
      path,
      expect: expectation("1"),
    };
    try {
      const stored = await (await transfer.run(job, {}, forever)).settled;
      return readFileSync(join(folder.path, stored.path)).equals(body) ? "whole" : "wrong";
    } catch (thrown) {
      return asRecordingError(thrown).code;
    }
  }

  const of = (range: string, length: number) => ({
    status: 200,
    headers: { "content-range": range, "content-length": String(length) },
  });
  const from = 200_000 - overlap;
  const end = body.length;

  test.each<[string, ResponseHead, Buffer, number | undefined, string]>([
    ["a later part", of(`bytes 1000-${end - 1}/${end}`, end - 1000), body.subarray(1000), undefined, "bad-answer"],
    ["a first part", of(`bytes 0-99999/${end}`, 100_000), body.subarray(0, 100_000), undefined, "wrong-length"],
    [
      "a first part of who knows what",
      of("bytes 0-99999/*", 100_000),
      body.subarray(0, 100_000),
      undefined,
      "bad-answer",
    ],
    ["an unreadable one", of("bytes 0-", end), body, undefined, "bad-answer"],
    ["the whole", of(`bytes 0-${end - 1}/${end}`, end), body, undefined, "whole"],
    ["what was asked for", of(`bytes ${from}-${end - 1}/${end}`, end - from), body.subarray(from), 200_000, "whole"],
    ["the whole again", of(`bytes 0-${end - 1}/${end}`, end), body, 200_000, "whole"],
    ["something else", of(`bytes 7-${end - 1}/${end}`, end - 7), body.subarray(7), 200_000, "changed"],
  ])("200 with %s", async (_name, head, bytes, brokenAt, outcome) => {
    expect(await fetched(head, bytes, brokenAt)).toBe(outcome);
  });
});

/** A host that sends one sound, as far as the connection holds; `broken` counts how often it did not. */
interface Host {
  readonly headers: Readonly<Record<string, string>>;
  readonly random: () => number;
  sent: number;
  broken: number;
}

const breaks = 170;

/** One attempt at one recording; the path it was stored at, or undefined when the connection broke. */
async function attempt(destination: Destination, id: number, sound: Buffer, host: Host): Promise<string | undefined> {
  const incoming = await destination.open(`a/x_${id}.{ext}`, expectation(String(id)), forever);
  const first = Number(/\d+/.exec(incoming.rangeHeaders.range ?? "0")?.[0]);
  // A part too short to be continued is lost, so breaks keep a distance.
  const breaksOff = host.broken < breaks && host.random() < 0.5;
  const cut = breaksOff ? first + 2 * overlap + Math.floor(host.random() * sound.length) : sound.length;
  host.sent += Math.min(cut, sound.length) - first;
  try {
    await feed(incoming, headFrom(first, sound, host), sound.subarray(first, cut), 30_000);
    if (cut < sound.length) throw broke;
    return (await (await incoming.finish()).settled).path;
  } catch (thrown) {
    host.broken += 1;
    await incoming.abandon(asRecordingError(thrown));
    return undefined;
  }
}

function headFrom(first: number, { length }: Buffer, host: Host): ResponseHead {
  const headers = { "accept-ranges": "bytes", "content-length": String(length - first), ...host.headers };
  if (first === 0) return { status: 200, headers };
  const range = { "content-range": `bytes ${first}-${length - 1}/${length}` };
  return { status: first < length ? 206 : 416, headers: { ...headers, ...range } };
}

test.each<[string, Record<string, string>]>([
  ["strong validators", { etag: '"v1"' }],
  ["dates", { "last-modified": "Wed, 01 May 2024 00:00:00 GMT", date: "Thu, 02 May 2024 00:00:00 GMT" }],
  ["neither", {}],
])(
  "after 170 breaks at random places of a host with %s every file is its source's, for at most 1.2 times its bytes",
  async (name, headers) => {
    using folder = openTempFolder();
    const host: Host = { headers, random: seededRandom(`break-offs ${name}`), sent: 0, broken: 0 };
    const sounds = [70, 100, 130, 170].map((seconds) => wav({ seconds, seed: seconds }));
    let whole = 0;
    for (let id = 0; host.broken < breaks; id += 1) {
      await using destination = await openDisk(folder.path);
      const sound = sounds[id % sounds.length] as Buffer;
      let path: string | undefined;
      while (path === undefined) path = await attempt(destination, id, sound, host);
      expect(readFileSync(join(folder.path, path)).equals(sound)).toBe(true);
      whole += sound.length;
    }
    expect(host.sent / whole).toBeLessThanOrEqual(1.2);
    expect(readdirSync(join(folder.path, ".callreel/partial"))).toEqual([]);
  },
);

test("a source that changes before the overlap, at the same length and without a validator, is beyond proof; within it is not", async () => {
  using folder = openTempFolder();
  await using destination = await openDisk(folder.path);
  const other = Buffer.from(body);
  other[150_000] = other[150_000]! ^ 1;
  await breakAt(destination, 200_000);
  expect(await continued(destination, ...rest(other, 200_000 - overlap))).toBe("changed");
});

test("a note that speaks of another file than the one that stands there continues nothing", async () => {
  using folder = openTempFolder();
  await using destination = await openDisk(folder.path);
  await breakAt(destination, 200_000);
  const part = join(folder.path, ".callreel/partial/ringcentral-1.part");
  writeFileSync(`${part}.new`, readFileSync(part));
  renameSync(`${part}.new`, part);
  const incoming = await destination.open(path, expectation("1"), forever);
  expect(incoming.rangeHeaders).toEqual({});
  await incoming.abandon(broke);
});
