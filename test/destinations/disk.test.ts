import {
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { RecordingError } from "../../src/core/model/errors.ts";
import type { Destination, Expectation } from "../../src/core/model/ports.ts";
import { openDisk } from "../../src/destinations/disk/disk.ts";
import { openDestination } from "../../src/destinations/index.ts";
import {
  type DestinationUnderTest,
  expectation,
  feed,
  forever,
  ok,
  put,
  testDestination,
} from "../contracts/destination.ts";
import { mp3, wav } from "../helpers/sound-bytes.ts";
import { openTempFolder, type TempFolder } from "../helpers/temp-folder.ts";

interface DiskUnderTest extends DestinationUnderTest {
  readonly folder: TempFolder;
}

async function openWorld(settings = {}): Promise<DiskUnderTest> {
  const folder = openTempFolder();
  const destination = await openDisk(folder.path, settings);
  return {
    folder,
    destination,
    read: ({ path }) => readFileSync(join(folder.path, path)),
    visible: () => Buffer.concat(folder.files().map((name) => readFileSync(join(folder.path, name)))),
    async [Symbol.asyncDispose]() {
      await destination[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
    },
  };
}

testDestination("disk", openWorld);

const path = "ringcentral/2024/05/01/call_1.{ext}";
const named = "ringcentral/2024/05/01/call_1.wav";
const body = wav({ seconds: 20 });
const tagged = ok(body, { etag: '"v1"' });
const broke = new RecordingError("reset", "The connection broke.");

/** Leaves a part of `length` bytes behind, as a broken connection does. */
async function breakAt(destination: Destination, length: number, head = tagged, more: Partial<Expectation> = {}) {
  const incoming = await destination.open(path, expectation("1", more), forever);
  await feed(incoming, head, body.subarray(0, length));
  await incoming.abandon(broke);
}

function partials(world: DiskUnderTest): string[] {
  return readdirSync(join(world.folder.path, ".callreel/partial")).sort();
}

describe("files", () => {
  test("are named by what they are, for this user only, with the call's time, and nothing else is left", async () => {
    await using world = await openWorld();
    const mtimeMs = Date.UTC(2024, 4, 1, 9, 3, 7);
    const stored = await put(world.destination, path, expectation("1", { mtimeMs }), tagged, body);
    expect(stored.path).toBe(named);
    const file = statSync(join(world.folder.path, named));
    expect(file.mode & 0o777).toBe(0o600);
    expect(file.mtimeMs).toBe(mtimeMs);
    expect(file.nlink).toBe(1);
    for (const folder of ["ringcentral", "ringcentral/2024/05/01", ".callreel", ".callreel/partial"]) {
      expect(statSync(join(world.folder.path, folder)).mode & 0o777).toBe(0o700);
    }
    expect(world.folder.files({ own: true })).toEqual([named]);
  });

  test("keep the time of the download when told so", async () => {
    await using world = await openWorld({ mtime: false });
    await put(world.destination, path, expectation("1", { mtimeMs: 5000 }), tagged, body);
    expect(statSync(join(world.folder.path, named)).mtimeMs).toBeGreaterThan(Date.now() - 60_000);
  });

  test("get the extension of their bytes, whatever type the server claims", async () => {
    await using world = await openWorld();
    const sound = mp3();
    const stored = await put(
      world.destination,
      path,
      expectation("1"),
      ok(sound, { "content-type": "audio/wav" }),
      sound,
    );
    expect(stored.path).toBe(named.replace("wav", "mp3"));
  });

  test("a template without an extension, or with it in a folder, is followed", async () => {
    await using world = await openWorld();
    expect((await put(world.destination, "plain_1", expectation("1"), tagged, body)).path).toBe("plain_1");
    expect((await put(world.destination, "{ext}/x_2.{ext}", expectation("2"), tagged, body)).path).toBe("wav/x_2.wav");
  });

  test("the register opens a folder for a path", async () => {
    using folder = openTempFolder();
    await using destination = await openDestination(join(folder.path, "new/archive"), {});
    await put(destination, path, expectation("1"), tagged, body);
    expect(folder.files()).toContain(`new/archive/${named}`);
    expect(statSync(join(folder.path, "new")).mode & 0o777).toBe(0o700);
  });
});

describe("a sidecar", () => {
  const sidecar = { key: "ringcentral/1", call: { from: "+1", name: "Zoë" } };

  test("stands beside the audio and tells the call and the file", async () => {
    await using world = await openWorld();
    const stored = await put(world.destination, path, expectation("1", { sidecar }), tagged, body);
    const beside = join(world.folder.path, named.replace(".wav", ".info.json"));
    expect(JSON.parse(readFileSync(beside, "utf8"))).toEqual({ ...sidecar, file: stored });
    expect(statSync(beside).mode & 0o777).toBe(0o600);
    expect(world.folder.files({ own: true }).length).toBe(2);
  });

  test("is renewed with a renewed file, and named behind a name without extension", async () => {
    await using world = await openWorld();
    await put(world.destination, "x_1", expectation("1", { sidecar }), tagged, body);
    const again = expectation("1", { sidecar: { key: "new" }, overwrite: true });
    await put(world.destination, "x_1", again, tagged, body);
    expect(JSON.parse(readFileSync(join(world.folder.path, "x_1.info.json"), "utf8")).key).toBe("new");
  });

  test("does not stand alone when the audio is refused", async () => {
    await using world = await openWorld();
    const page = Buffer.from("<html>");
    await expect(put(world.destination, path, expectation("1", { sidecar }), ok(page), page)).rejects.toThrow();
    expect(world.folder.files({ own: true })).toEqual([]);
  });
});

describe("what stands there already", () => {
  test("is never overwritten by another recording", async () => {
    await using world = await openWorld();
    mkdirSync(join(world.folder.path, "ringcentral/2024/05/01"), { recursive: true });
    writeFileSync(join(world.folder.path, named), "mine");
    const refused = put(world.destination, path, expectation("1"), tagged, body);
    await expect(refused).rejects.toMatchObject({
      code: "unsafe-path",
      message: expect.stringContaining("--force-overwrites"),
    });
    expect(readFileSync(join(world.folder.path, named), "utf8")).toBe("mine");
    expect(partials(world)).toEqual([]);
  });

  test("is replaced when asked for", async () => {
    await using world = await openWorld();
    await put(world.destination, path, expectation("1"), tagged, body);
    const newer = wav({ seconds: 5, seed: 7 });
    const stored = await put(world.destination, path, expectation("1", { overwrite: true }), ok(newer), newer);
    expect(world.read(stored).equals(newer)).toBe(true);
    expect(partials(world)).toEqual([]);
  });

  test("is taken for ours when it is byte for byte what comes", async () => {
    await using world = await openWorld();
    await put(world.destination, path, expectation("1"), tagged, body);
    const stored = await put(world.destination, path, expectation("1"), tagged, body);
    expect(stored.path).toBe(named);
    expect(world.folder.files({ own: true })).toEqual([named]);
  });

  test("is found by has, with or without its extension, as long as it is a regular file", async () => {
    await using world = await openWorld();
    const { destination, folder } = world;
    mkdirSync(join(folder.path, "d"));
    writeFileSync(join(folder.path, "d/file.mp3"), "x");
    mkdirSync(join(folder.path, "d/folder.wav"));
    symlinkSync("file.mp3", join(folder.path, "d/link.wav"));
    expect(destination.has?.("d/file.mp3")).toBe(true);
    expect(destination.has?.("d/file.{ext}")).toBe(true);
    expect(destination.has?.("d/file.wav")).toBe(false);
    expect(destination.has?.("d/folder.wav")).toBe(false);
    expect(destination.has?.("d/link.wav")).toBe(false);
    expect(destination.has?.("nowhere/file.wav")).toBe(false);
    expect(destination.has?.("top.wav")).toBe(false);
    expect(destination.has?.(named)).toBe(false);
    await put(destination, path, expectation("1"), tagged, body);
    await put(destination, "top.{ext}", expectation("2"), tagged, body);
    expect(destination.has?.(named)).toBe(true);
    expect(destination.has?.("top.wav")).toBe(true);
  });

  test("is adopted when it is a whole recording, whatever its extension says", async () => {
    await using world = await openWorld();
    const stored = await put(world.destination, path, expectation("1"), tagged, body);
    writeFileSync(join(world.folder.path, "old_2.mp3"), body);
    await using fresh = await openDisk(world.folder.path);
    expect(await fresh.adopt?.(path, expectation("1"))).toEqual(stored);
    expect(await fresh.adopt?.("nowhere_1.{ext}", expectation("1"))).toBeUndefined();
    expect(await fresh.adopt?.("old_2.{ext}", expectation("2"))).toMatchObject({
      path: "old_2.mp3",
      contentType: "audio/wav",
    });
  });

  test("is not adopted when it is cut, no audio or a link", async () => {
    await using world = await openWorld();
    writeFileSync(join(world.folder.path, "cut.wav"), body.subarray(0, 5000));
    writeFileSync(join(world.folder.path, "page.mp3"), "<html>");
    writeFileSync(join(world.folder.path, "elsewhere"), body);
    symlinkSync("elsewhere", join(world.folder.path, "link.wav"));
    for (const name of ["cut", "page", "link"]) {
      expect(await world.destination.adopt?.(`${name}.{ext}`, expectation("1"))).toBeUndefined();
    }
  });

  test("a file that went away or became a link after it was listed is not adopted", async () => {
    await using world = await openWorld();
    writeFileSync(join(world.folder.path, "a.wav"), body);
    writeFileSync(join(world.folder.path, "b.wav"), body);
    expect(world.destination.has?.("a.wav")).toBe(true);
    rmSync(join(world.folder.path, "a.wav"));
    rmSync(join(world.folder.path, "b.wav"));
    symlinkSync("/etc/passwd", join(world.folder.path, "b.wav"));
    expect(await world.destination.adopt?.("a.{ext}", expectation("1"))).toBeUndefined();
    expect(await world.destination.adopt?.("b.{ext}", expectation("1"))).toBeUndefined();
  });
});

describe("continuing", () => {
  test("asks for the rest by Range and If-Range, and ends with the whole file and its hash", async () => {
    await using world = await openWorld();
    await breakAt(world.destination, 100_000);
    expect(partials(world)).toEqual(["ringcentral-1.json", "ringcentral-1.part"]);
    expect(world.folder.files()).toEqual([]);

    await using later = await openDisk(world.folder.path);
    const incoming = await later.open(path, expectation("1"), forever);
    expect(incoming.rangeHeaders).toEqual({ range: "bytes=100000-", "if-range": '"v1"' });
    const rest = body.subarray(100_000);
    const range = `bytes 100000-${body.length - 1}/${body.length}`;
    const headers = { "content-range": range, "content-length": String(rest.length), etag: '"v1"' };
    await feed(incoming, { status: 206, headers }, rest);
    const stored = await (await incoming.finish()).settled;
    expect(stored).toMatchObject({ bytes: body.length, resumedFrom: 100_000 });
    expect(world.read(stored).equals(body)).toBe(true);
    expect(partials(world)).toEqual([]);
  });

  test("breaks and goes on as often as it must", async () => {
    await using world = await openWorld();
    const long = wav({ seconds: 1500 });
    let arrived = 0;
    for (const cut of [100, 1_000_000, 1_000_001, 6_000_000]) {
      const incoming = await world.destination.open(path, expectation("1"), forever);
      expect(incoming.rangeHeaders.range).toBe(arrived === 0 ? undefined : `bytes=${arrived}-`);
      const etag = '"v1"';
      const range = `bytes ${arrived}-${long.length - 1}/${long.length}`;
      const head = arrived === 0 ? ok(long, { etag }) : { status: 206, headers: { etag, "content-range": range } };
      await feed(incoming, head, long.subarray(arrived, cut));
      await incoming.abandon(broke);
      arrived = cut;
    }
    const last = await world.destination.open(path, expectation("1"), forever);
    const range = `bytes ${arrived}-${long.length - 1}/${long.length}`;
    await feed(last, { status: 206, headers: { etag: '"v1"', "content-range": range } }, long.subarray(arrived));
    expect(world.read(await (await last.finish()).settled).equals(long)).toBe(true);
  });

  test("starts over when the server sends the whole", async () => {
    await using world = await openWorld();
    await breakAt(world.destination, 100_000);
    const other = wav({ seconds: 3, seed: 9 });
    const stored = await put(world.destination, path, expectation("1"), ok(other, { etag: '"v2"' }), other);
    expect(stored).not.toHaveProperty("resumedFrom");
    expect(world.read(stored).equals(other)).toBe(true);
    expect(partials(world)).toEqual([]);
  });

  test.each<[string, Record<string, string>]>([
    ["begins elsewhere", { "content-range": `bytes 99999-${body.length - 1}/${body.length}`, etag: '"v1"' }],
    ["has another length", { "content-range": `bytes 100000-${body.length}/${body.length + 1}`, etag: '"v1"' }],
    ["is of another file", { "content-range": `bytes 100000-${body.length - 1}/${body.length}`, etag: '"v2"' }],
    ["does not say of which file it is", { "content-range": `bytes 100000-${body.length - 1}/${body.length}` }],
    ["does not say what it is", { etag: '"v1"' }],
  ])("refuses a continuation that %s, drops the part and asks for the whole", async (_name, headers) => {
    await using world = await openWorld();
    await breakAt(world.destination, 100_000);
    const refused = put(world.destination, path, expectation("1"), { status: 206, headers }, body.subarray(100_000));
    await expect(refused).rejects.toMatchObject({ code: "changed", verdict: "retry" });
    expect(partials(world)).toEqual([]);
    const again = await world.destination.open(path, expectation("1"), forever);
    expect(again.rangeHeaders).toEqual({});
    await again.abandon(broke);
  });

  test("416 means whole when the lengths agree", async () => {
    for (const headers of [{ "content-range": `bytes */${body.length}` }, {}]) {
      await using world = await openWorld();
      await breakAt(world.destination, body.length);
      const text = Buffer.from('{"errorCode":"CMN-107"}');
      const stored = await put(world.destination, path, expectation("1"), { status: 416, headers }, text);
      expect(world.read(stored).equals(body)).toBe(true);
    }
  });

  test("416 means changed when they do not", async () => {
    await using world = await openWorld();
    await breakAt(world.destination, 100_000);
    const head = { status: 416, headers: { "content-range": "bytes */50000" } };
    await expect(put(world.destination, path, expectation("1"), head, Buffer.alloc(0))).rejects.toMatchObject({
      code: "changed",
    });
    expect(partials(world)).toEqual([]);
  });

  test("a refusal in between leaves the part as it is", async () => {
    await using world = await openWorld();
    await breakAt(world.destination, 100_000);
    const busy = { status: 503, headers: {} };
    await expect(put(world.destination, path, expectation("1"), busy, Buffer.from("busy"))).rejects.toMatchObject({
      code: "server-error",
      body: "busy",
    });
    const silent = await world.destination.open(path, expectation("1"), forever);
    await silent.abandon(broke);
    const again = await world.destination.open(path, expectation("1"), forever);
    expect(again.rangeHeaders.range).toBe("bytes=100000-");
    await again.abandon(broke);
  });

  test.each<[string, Record<string, string>, Partial<Expectation>]>([
    ["neither validator nor length", {}, {}],
    ["bytes on the wire that are not the file's", { etag: '"v1"', "content-encoding": "gzip" }, {}],
    ["a server that takes no ranges", { etag: '"v1"', "accept-ranges": "none" }, {}],
    ["--no-continue", { etag: '"v1"' }, { resume: false }],
  ])("with %s nothing is kept", async (_name, headers, more) => {
    await using world = await openWorld();
    const long = wav({ seconds: 500 });
    const incoming = await world.destination.open(path, expectation("1", more), forever);
    await feed(incoming, { status: 200, headers }, long.subarray(0, 3_000_000));
    await incoming.abandon(broke);
    expect(partials(world)).toEqual([]);
  });

  test("--no-continue does not look at what an earlier run kept", async () => {
    await using world = await openWorld();
    await breakAt(world.destination, 100_000);
    const incoming = await world.destination.open(path, expectation("1", { resume: false }), forever);
    expect(incoming.rangeHeaders).toEqual({});
    await feed(incoming, tagged, body);
    expect(world.read(await (await incoming.finish()).settled).equals(body)).toBe(true);
    expect(partials(world)).toEqual([]);
  });

  test("bytes that cannot be audio, or too few to tell, are not kept", async () => {
    await using world = await openWorld();
    await breakAt(world.destination, 10);
    expect(partials(world)).toEqual([]);
    const incoming = await world.destination.open(path, expectation("1"), forever);
    await feed(incoming, tagged, body.subarray(0, 5000));
    await incoming.abandon(new RecordingError("changed", "Changed."));
    expect(partials(world)).toEqual([]);
  });

  test.each<[string, (folder: string) => void]>([
    ["a note torn by a crash", (folder) => truncateSync(join(folder, "ringcentral-1.json"), 20)],
    ["a huge note", (folder) => writeFileSync(join(folder, "ringcentral-1.json"), " ".repeat(5000))],
    [
      "a note with a hostile validator",
      (folder) =>
        writeFileSync(
          join(folder, "ringcentral-1.json"),
          JSON.stringify({ validator: '"a\r\nx: y"', boot: "", synced: 1 }),
        ),
    ],
    ["a note without its part", (folder) => rmSync(join(folder, "ringcentral-1.part"))],
    [
      "a part that is a link",
      (folder) => {
        rmSync(join(folder, "ringcentral-1.part"));
        symlinkSync("/etc/passwd", join(folder, "ringcentral-1.part"));
      },
    ],
    [
      "a part that is longer than the whole",
      (folder) => writeFileSync(join(folder, "ringcentral-1.part"), Buffer.concat([body, body])),
    ],
    ["a part that is no audio", (folder) => writeFileSync(join(folder, "ringcentral-1.part"), "x".repeat(100_000))],
    ["a part that is zeros", (folder) => writeFileSync(join(folder, "ringcentral-1.part"), Buffer.alloc(100_000))],
    ["an empty part", (folder) => truncateSync(join(folder, "ringcentral-1.part"), 0)],
    [
      "a part that is a finished file's second name",
      (folder) => linkSync(join(folder, "ringcentral-1.part"), join(folder, "../finished.wav")),
    ],
  ])("%s is not continued, and the download is none the worse", async (_name, damage) => {
    await using world = await openWorld();
    await breakAt(world.destination, 100_000);
    damage(join(world.folder.path, ".callreel/partial"));
    const incoming = await world.destination.open(path, expectation("1"), forever);
    expect(incoming.rangeHeaders).toEqual({});
    await feed(incoming, tagged, body);
    expect(world.read(await (await incoming.finish()).settled).equals(body)).toBe(true);
    const finished = join(world.folder.path, ".callreel/finished.wav");
    if (existsSync(finished)) expect(readFileSync(finished).equals(body.subarray(0, 100_000))).toBe(true);
  });

  test("after a system start only what was synced counts", async () => {
    await using world = await openWorld();
    await breakAt(world.destination, 100_000);
    const folder = join(world.folder.path, ".callreel/partial");
    const note = JSON.parse(readFileSync(join(folder, "ringcentral-1.json"), "utf8"));
    expect(note).toMatchObject({ validator: '"v1"', total: body.length, synced: 100_000 });
    writeFileSync(join(folder, "ringcentral-1.json"), JSON.stringify({ ...note, boot: "another", synced: 70_000 }));
    const incoming = await world.destination.open(path, expectation("1"), forever);
    expect(incoming.rangeHeaders.range).toBe("bytes=70000-");
    const range = `bytes 70000-${body.length - 1}/${body.length}`;
    await feed(incoming, { status: 206, headers: { etag: '"v1"', "content-range": range } }, body.subarray(70_000));
    expect(world.read(await (await incoming.finish()).settled).equals(body)).toBe(true);
  });

  test("a first part that nobody asked for counts for what it is", async () => {
    await using world = await openWorld();
    const headers = { etag: '"v1"', "content-range": `bytes 0-99999/${body.length}`, "content-length": "100000" };
    const refused = put(world.destination, path, expectation("1"), { status: 206, headers }, body.subarray(0, 100_000));
    await expect(refused).rejects.toMatchObject({ code: "wrong-length", verdict: "retry" });
    const next = await world.destination.open(path, expectation("1"), forever);
    expect(next.rangeHeaders.range).toBe("bytes=100000-");
    await next.abandon(broke);
    const middle = { status: 206, headers: { "content-range": "bytes 5-99/100" } };
    await expect(put(world.destination, "other.{ext}", expectation("2"), middle, body)).rejects.toMatchObject({
      code: "bad-answer",
    });
  });

  test("parts that nobody came back for are cleared away, as are second names of finished files", async () => {
    await using world = await openWorld();
    await breakAt(world.destination, 100_000);
    const folder = join(world.folder.path, ".callreel/partial");
    writeFileSync(join(folder, "tim-old.part"), "x");
    utimesSync(join(folder, "tim-old.part"), 0, 0);
    writeFileSync(join(world.folder.path, "done.wav"), body);
    linkSync(join(world.folder.path, "done.wav"), join(folder, "tim-done.part"));
    mkdirSync(join(folder, "not-ours"));
    await using _other = await openDisk(world.folder.path);
    expect(partials(world).length).toBe(5);
    await using _later = await openDisk(world.folder.path, { tidy: true });
    expect(partials(world)).toEqual(["not-ours", "ringcentral-1.json", "ringcentral-1.part"]);
    expect(readFileSync(join(world.folder.path, "done.wav")).equals(body)).toBe(true);
  });
});

describe("paths", () => {
  test.each([
    "../x.{ext}",
    "/x",
    "a/../x",
    "a//x",
    "./x",
    "C:x",
    "a\\b",
    "a\0b",
    ".callreel/ledger.db",
    ".CALLREEL/x",
    "",
  ])("%j leads nowhere", async (bad) => {
    await using world = await openWorld();
    await expect(world.destination.open(bad, expectation("1"), forever)).rejects.toMatchObject({
      code: "unsafe-path",
      verdict: "give-up",
    });
  });

  test("folders that are links, and files in the place of folders, are never written through", async () => {
    await using world = await openWorld();
    using outside = openTempFolder();
    symlinkSync(outside.path, join(world.folder.path, "linked"));
    writeFileSync(join(world.folder.path, "file"), "x");
    for (const top of ["linked", "file"]) {
      const refused = put(world.destination, `${top}/a/x_1.{ext}`, expectation("1"), tagged, body);
      await expect(refused).rejects.toMatchObject({
        code: "unsafe-path",
        message: expect.stringContaining(join(world.folder.path, top)),
      });
    }
    expect(outside.files()).toEqual([]);
    expect(partials(world)).toEqual([]);
  });

  test("a link at the final path is neither followed nor replaced, and with --force-overwrites replaced itself", async () => {
    await using world = await openWorld();
    using outside = openTempFolder();
    writeFileSync(join(outside.path, "target"), "keep");
    symlinkSync(join(outside.path, "target"), join(world.folder.path, "x_1.wav"));
    const refused = put(world.destination, "x_1.{ext}", expectation("1"), tagged, body);
    await expect(refused).rejects.toMatchObject({ code: "unsafe-path" });
    await put(world.destination, "x_1.{ext}", expectation("1", { overwrite: true }), tagged, body);
    expect(readFileSync(join(outside.path, "target"), "utf8")).toBe("keep");
    expect(lstatSync(join(world.folder.path, "x_1.wav")).isFile()).toBe(true);
  });

  test("a link in the place of our own folder is refused", async () => {
    using folder = openTempFolder();
    using outside = openTempFolder();
    symlinkSync(outside.path, join(folder.path, ".callreel"));
    await expect(openDisk(folder.path)).rejects.toMatchObject({ code: "unsafe-path" });
  });

  test("the archive itself may be reached through a link", async () => {
    using folder = openTempFolder();
    mkdirSync(join(folder.path, "real"));
    symlinkSync("real", join(folder.path, "link"));
    await using destination = await openDisk(join(folder.path, "link"));
    await put(destination, "x_1.{ext}", expectation("1"), tagged, body);
    expect(readFileSync(join(folder.path, "real/x_1.wav")).equals(body)).toBe(true);
  });

  test("a link in the place of a part is removed, not followed", async () => {
    await using world = await openWorld();
    using outside = openTempFolder();
    writeFileSync(join(outside.path, "target"), "keep");
    symlinkSync(join(outside.path, "target"), join(world.folder.path, ".callreel/partial/ringcentral-1.part"));
    await put(world.destination, path, expectation("1"), tagged, body);
    expect(readFileSync(join(outside.path, "target"), "utf8")).toBe("keep");
    expect(lstatSync(join(world.folder.path, named)).isFile()).toBe(true);
  });

  test("a name as long as names may be works, a longer one says so", async () => {
    await using world = await openWorld();
    const longest = `${"n".repeat(251)}.{ext}`;
    const stored = await put(world.destination, longest, expectation("1"), tagged, body);
    expect(stored.path.length).toBe(255);
    const refused = put(world.destination, `n${longest}`, expectation("2"), tagged, body);
    await expect(refused).rejects.toMatchObject({ code: "name-too-long", verdict: "give-up" });
    expect(partials(world)).toEqual([]);
  });

  test("a folder in the place of a part is told", async () => {
    await using world = await openWorld();
    await breakAt(world.destination, 100_000);
    const part = join(world.folder.path, ".callreel/partial/ringcentral-1.part");
    rmSync(part);
    mkdirSync(part);
    await expect(world.destination.open(path, expectation("1"), forever)).rejects.toMatchObject({
      code: "unsafe-path",
    });
    const without = put(world.destination, path, expectation("1", { resume: false }), tagged, body);
    await expect(without).rejects.toMatchObject({ code: "unsafe-path", message: expect.stringContaining("call_1") });
  });

  test("a folder that was tidied away during the run is made again", async () => {
    await using world = await openWorld();
    await put(world.destination, path, expectation("1"), tagged, body);
    rmSync(join(world.folder.path, "ringcentral"), { recursive: true });
    const stored = await put(world.destination, path, expectation("1"), tagged, body);
    expect(world.read(stored).equals(body)).toBe(true);
  });
});

describe("many at once", () => {
  test("arrive whole, each in its place", async () => {
    await using world = await openWorld();
    const bodies = Array.from({ length: 300 }, (_, at) => wav({ seconds: 0.1 + (at % 7) / 10, seed: at + 1 }));
    const stored = await Promise.all(
      bodies.map((sound, at) =>
        put(world.destination, `d${at % 3}/x_${at}.{ext}`, expectation(String(at)), ok(sound), sound),
      ),
    );
    for (const [at, one] of stored.entries()) expect(world.read(one).equals(bodies[at] as Buffer)).toBe(true);
    expect(partials(world)).toEqual([]);
  });

  test("two downloads of one recording take turns", async () => {
    await using world = await openWorld();
    const first = await world.destination.open(path, expectation("1"), forever);
    let second: unknown;
    const waiting = put(world.destination, path, expectation("1"), tagged, body).then((stored) => {
      second = stored;
    });
    await feed(first, tagged, body.subarray(0, 50_000));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(second).toBeUndefined();
    await first.abandon(new RecordingError("not-audio", "No."));
    await waiting;
    expect(second).toMatchObject({ path: named });
  });

  test("waiting for a turn ends with the signal", async () => {
    await using world = await openWorld();
    const first = await world.destination.open(path, expectation("1"), forever);
    const stop = new AbortController();
    const reason = new RecordingError("interrupted", "Stopped.");
    const waiting = world.destination.open(path, expectation("1"), stop.signal);
    stop.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    await expect(world.destination.open(path, expectation("1"), stop.signal)).rejects.toBe(reason);
    await first.abandon(broke);
  });

  test("several instances work on one archive", async () => {
    await using world = await openWorld();
    await using other = await openDisk(world.folder.path);
    const all = Array.from({ length: 60 }, (_, at) => {
      const sound = wav({ seconds: 0.2, seed: at + 1 });
      return put(
        at % 2 === 0 ? world.destination : other,
        `same/x_${at}.{ext}`,
        expectation(String(at)),
        ok(sound),
        sound,
      );
    });
    await Promise.all(all);
    expect(world.folder.files().length).toBe(60);
  });

  test("closing waits for what is on its way to safety", async () => {
    using folder = openTempFolder();
    const destination = await openDisk(folder.path);
    const long = wav({ seconds: 2200 });
    for (const [id, sound] of [
      ["1", body],
      ["2", long],
    ] as const) {
      const incoming = await destination.open(`x_${id}.{ext}`, expectation(id), forever);
      await feed(incoming, ok(sound), sound, 1 << 20);
      await incoming.finish();
    }
    await destination[Symbol.asyncDispose]();
    expect(folder.files()).toEqual(["x_1.wav", "x_2.wav"]);
  });

  test("a long transfer given up in the middle of a write never writes into the file that comes next", async () => {
    await using world = await openWorld();
    const long = wav({ seconds: 1500, seed: 2 });
    for (let round = 0; round < 15; round += 1) {
      const incoming = await world.destination.open("long_0.{ext}", expectation("0"), forever);
      incoming.head({ status: 200, headers: {} });
      for (let at = 0; at < 9_000_000; at += 500_000) void incoming.chunk(Buffer.from(long.subarray(at, at + 500_000)));
      const given = incoming.abandon(broke);
      const sound = wav({ seconds: 60, seed: round + 3 });
      const stored = put(world.destination, `x_${round}.{ext}`, expectation(String(round + 1)), ok(sound), sound);
      await given;
      expect(world.read(await stored).equals(sound)).toBe(true);
    }
    expect(partials(world)).toEqual([]);
  });

  test("a reader never sees a file before it is whole", async () => {
    await using world = await openWorld();
    const long = wav({ seconds: 1500 });
    const target = join(world.folder.path, named);
    const sizes = new Set<number>();
    const look = () => {
      if (existsSync(target)) sizes.add(statSync(target).size);
    };
    const incoming = await world.destination.open(path, expectation("1"), forever);
    incoming.head(ok(long));
    for (let at = 0; at < long.length; at += 65_536) {
      await incoming.chunk(Buffer.from(long.subarray(at, at + 65_536)));
      look();
    }
    const { settled } = await incoming.finish();
    const watch = setInterval(look, 0);
    await settled;
    clearInterval(watch);
    look();
    expect([...sizes]).toEqual([long.length]);
  });
});

test("the disk is asked once a folder, not once a file, by whoever alone works on the archive", async () => {
  await using world = await openWorld();
  await using alone = await openDestination(world.folder.path, { tidy: true });
  const paths = Array.from({ length: 1000 }, (_, at) => `d${at % 20}/x_${at}.wav`);
  for (let folder = 0; folder < 20; folder += 1) mkdirSync(join(world.folder.path, `d${folder}`));
  for (const path of paths) writeFileSync(join(world.folder.path, path), "");
  for (let folder = 0; folder < 20; folder += 1) expect(alone.has?.(`d${folder}/x_none.wav`)).toBe(false);
  // What was read before is what is answered: nobody looked at a single file.
  for (const path of paths) rmSync(join(world.folder.path, path));
  expect(paths.filter((path) => alone.has?.(path))).toEqual(paths);
  expect(paths.filter((path) => world.destination.has?.(path))).toEqual([]);
});
