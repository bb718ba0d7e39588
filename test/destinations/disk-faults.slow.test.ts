import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, closeSync, mkdirSync, openSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Stored } from "../../src/core/model/recording.ts";
import { openFolders } from "../../src/destinations/disk/archive-folder.ts";
import { type Finished, openSettler, publish } from "../../src/destinations/disk/commit.ts";
import { openListing } from "../../src/destinations/disk/directory-listing.ts";
import { openDisk } from "../../src/destinations/disk/disk.ts";
import { openSink } from "../../src/destinations/disk/sink.ts";
import { diskError } from "../../src/platform/disk-error.ts";
import { expectation, ok, put } from "../contracts/destination.ts";
import { startModule } from "../helpers/module-child.ts";
import { wav } from "../helpers/sound-bytes.ts";
import { openTempFolder } from "../helpers/temp-folder.ts";

test.each([
  ["ENOSPC", "disk-full", "stop", /Free some space/],
  ["EDQUOT", "disk-full", "stop", /quota/],
  ["EACCES", "disk-denied", "stop", /--dest/],
  ["EPERM", "disk-denied", "stop", /--dest/],
  ["EROFS", "disk-read-only", "stop", /read-only/],
  ["EMFILE", "too-many-files", "retry", /--transfers/],
  ["ENFILE", "too-many-files", "retry", /ulimit/],
  ["ENAMETOOLONG", "name-too-long", "give-up", /--output/],
  ["ELOOP", "unsafe-path", "give-up", /symbolic link/],
  ["EXDEV", "unsafe-path", "give-up", /mounted/],
  ["EIO", "disk-io", "stop", /Check the disk/],
  ["ESTALE", "disk-io", "stop", /mount/],
])("%s becomes %s, and says where and what to do", (code, ours, verdict, help) => {
  const error = diskError(Object.assign(new Error("x"), { code }), "/archive/a.wav");
  expect(error).toMatchObject({ code: ours, verdict });
  expect(error.message).toContain("/archive/a.wav");
  expect(error.message).toMatch(help);
  expect(diskError(error, "elsewhere")).toBe(error);
});

test("what no file system says is a bug", () => {
  expect(diskError(new TypeError("x"), "/a").code).toBe("bug");
  expect(diskError("x", "/a").code).toBe("bug");
});

const noMount =
  process.getuid?.() === 0 && canMount() ? undefined : "needs root and the right to mount a file system in memory";

describe.skipIf(noMount)(`a small disk${noMount === undefined ? "" : ` (${noMount})`}`, () => {
  test("that fills up stops with disk-full, keeps what was done, shows nothing half, and goes on after room is made", async () => {
    await using disk = mounted("size=3m");
    const sound = wav({ seconds: 40 });
    {
      await using destination = await openDisk(disk.path);
      const outcomes: PromiseSettledResult<Stored>[] = [];
      for (let at = 0; at < 12; at += 2) {
        const pair = [at, at + 1].map((id) =>
          put(destination, `d/x_${id}.{ext}`, expectation(String(id)), ok(sound), sound),
        );
        outcomes.push(...(await Promise.allSettled(pair)));
      }
      const failed = outcomes.filter((outcome) => outcome.status === "rejected");
      expect(failed.length).toBeGreaterThan(2);
      for (const { reason } of failed) {
        expect(reason).toMatchObject({
          code: "disk-full",
          verdict: "stop",
          message: expect.stringContaining(disk.path),
        });
      }
      const there = readdirSync(join(disk.path, "d"));
      expect(there.length).toBe(12 - failed.length);
      for (const name of there) expect(readFileSync(join(disk.path, "d", name)).equals(sound)).toBe(true);
      expect(readdirSync(join(disk.path, ".callreel/partial"))).toEqual([]);
    }
    spawnSync("mount", ["-o", "remount,size=10m", disk.path]);
    await using destination = await openDisk(disk.path);
    for (let at = 0; at < 12; at += 1) {
      if (destination.has?.(`d/x_${at}.wav`)) continue;
      await put(destination, `d/x_${at}.{ext}`, expectation(String(at)), ok(sound), sound);
    }
    expect(readdirSync(join(disk.path, "d")).length).toBe(12);
  });

  test("that fills up under a long recording removes what it had of it", async () => {
    await using disk = mounted("size=8m");
    await using destination = await openDisk(disk.path);
    const long = wav({ seconds: 2000 });
    const refused = put(destination, "x_1.{ext}", expectation("1"), ok(long, { etag: '"v1"' }), long);
    await expect(refused).rejects.toMatchObject({ code: "disk-full" });
    expect(readdirSync(join(disk.path, ".callreel/partial"))).toEqual([]);
    const sound = wav();
    await put(destination, "x_2.{ext}", expectation("2"), ok(sound), sound);
  });

  test("that fills up under a sidecar leaves neither it nor its audio", async () => {
    await using disk = mounted("size=1m");
    await using destination = await openDisk(disk.path);
    const sound = wav();
    const sidecar = { text: "x".repeat(2_000_000) };
    const refused = put(destination, "x_1.{ext}", expectation("1", { sidecar }), ok(sound), sound);
    await expect(refused).rejects.toMatchObject({ code: "disk-full" });
    expect(readdirSync(disk.path)).toEqual([".callreel"]);
    expect(readdirSync(join(disk.path, ".callreel/partial"))).toEqual([]);
  });

  test("that is read-only says so", async () => {
    await using disk = mounted("size=1m");
    await using destination = await openDisk(disk.path);
    spawnSync("mount", ["-o", "remount,ro", disk.path]);
    const sound = wav();
    const refused = put(destination, "x_1.{ext}", expectation("1"), ok(sound), sound);
    await expect(refused).rejects.toMatchObject({ code: "disk-read-only", verdict: "stop" });
    await expect(openDisk(join(disk.path, "new"))).rejects.toMatchObject({ code: "disk-read-only" });
  });

  test("mounted inside the archive is told as the reason", async () => {
    await using disk = mounted("size=1m", "inner");
    await using destination = await openDisk(disk.path);
    const sound = wav();
    const refused = put(destination, "inner/x_1.{ext}", expectation("1"), ok(sound), sound);
    await expect(refused).rejects.toMatchObject({
      code: "unsafe-path",
      message: expect.stringContaining("mounted inside"),
    });
  });
});

test("where no hard link can be made a file is renamed, and still nothing is overwritten", () => {
  using folder = openTempFolder();
  // A folder stands for the file: no file system links those.
  const [from, to] = [join(folder.path, "from"), join(folder.path, "to")];
  mkdirSync(from);
  expect(publish(from, to, false)).toBe(true);
  expect(readdirSync(folder.path)).toEqual(["to"]);
  mkdirSync(from);
  expect(publish(from, to, false)).toBe(false);
  expect(readdirSync(folder.path)).toEqual(["from", "to"]);
});

test("a sink on a full device fails, for short and long files, and keeps failing", async () => {
  const fd = openSync("/dev/full", "w");
  const short = openSink(() => fd);
  await short.write(Buffer.alloc(100));
  await expect(async () => short.flush()).rejects.toMatchObject({ code: "ENOSPC" });
  const long = openSink(() => fd, { bytes: 64 << 20, hash: createHash("sha256") });
  await long.write(Buffer.alloc(2 << 20));
  await expect(async () => long.flush()).rejects.toMatchObject({ code: "ENOSPC" });
  expect(() => long.write(Buffer.alloc(1))).toThrow(/ENOSPC/);
  closeSync(fd);
});

test("a sink asks for a pause when the disk is slower than the network, and takes drips in stride", async () => {
  using folder = openTempFolder();
  const fd = openSync(join(folder.path, "x"), "w");
  const sink = openSink(() => fd);
  expect(sink.write(Buffer.alloc(3 << 20, 1))).toBeUndefined();
  expect(sink.write(Buffer.alloc(3 << 20, 1))).toBeUndefined();
  const pause = sink.write(Buffer.alloc(5 << 20, 2));
  expect(pause).toBeInstanceOf(Promise);
  await pause;
  for (let count = 0; count < 5000; count += 1) await sink.write(Buffer.from([count & 255]));
  await sink.flush();
  closeSync(fd);
  const written = readFileSync(join(folder.path, "x"));
  expect(written.length).toBe((11 << 20) + 5000);
  expect(sink.bytes).toBe(written.length);
  expect(sink.sha256()).toBe(createHash("sha256").update(written).digest("hex"));
});

test("a sink notices bytes that were taken from it between hashing and writing", async () => {
  using folder = openTempFolder();
  const fd = openSync(join(folder.path, "x"), "w");
  const sink = openSink(() => fd);
  const bytes = new Uint8Array(100);
  sink.write(bytes);
  structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
  expect(() => sink.flush()).toThrow(expect.objectContaining({ code: "bug" }));
  closeSync(fd);
});

test("a file that cannot be synced is not given its name, and its neighbours are none the worse", async () => {
  using folder = openTempFolder();
  const folders = openFolders(folder.path, []);
  await using settler = openSettler(folder.path, folders, openListing(folder.path));
  const finished = (name: string, bytes: number): Finished => {
    const from = join(folder.path, `${name}.part`);
    const fd = openSync(from, "w");
    if (name.startsWith("bad")) closeSync(fd);
    const stored: Stored = { path: `${name}.wav`, bytes, sha256: "", contentType: "audio/wav" };
    return {
      key: "ringcentral/1",
      fd: name.startsWith("bad") ? 9999 : fd,
      from,
      note: undefined,
      stored,
      sidecar: undefined,
    };
  };
  const outcomes = await Promise.allSettled(
    [finished("bad", 1), finished("good", 1), finished("bad-long", 1 << 30), finished("good-long", 1 << 30)].map(
      settler.add,
    ),
  );
  expect(outcomes.map(({ status }) => status)).toEqual(["rejected", "fulfilled", "rejected", "fulfilled"]);
  expect((outcomes[0] as PromiseRejectedResult).reason).toMatchObject({ code: "disk-io" });
  expect(folder.files().filter((name) => name.endsWith(".wav"))).toEqual(["good-long.wav", "good.wav"]);
});

/**
 * Code of a child that fetches recordings 0…count-1 from a pretended server: each has its own sound and length. Told a
 * number of pieces, it reports each, and stands still once it has taken so many.
 */
const fetchAll = `
const [root, count, pieces] = process.argv.slice(1);
const { openDisk } = await built("destinations/disk/disk.js");
function soundOf(at) {
  const bytes = Buffer.alloc(5000 + ((at * 7919) % 40) * 60_000, at % 251);
  bytes.write("RIFF....WAVEfmt \\x10\\0\\0\\0\\x07\\0\\x01\\0\\x40\\x1f\\0\\0\\x40\\x1f\\0\\0\\x01\\0\\x08\\0data", "latin1");
  bytes.writeUInt32LE(bytes.length - 8, 4);
  bytes.writeUInt32LE(bytes.length - 44, 40);
  return bytes;
}
const destination = await openDisk(root);
const signal = new AbortController().signal;
async function fetchOne(at) {
  const path = "d" + (at % 3) + "/x_" + at + ".{ext}";
  const expect = { key: "ringcentral/" + at, resume: true, overwrite: false, sidecar: { at } };
  if (await destination.adopt(path, expect)) return;
  const sound = soundOf(at);
  const incoming = await destination.open(path, expect, signal);
  const from = Number(/\\d+/.exec(incoming.rangeHeaders.range ?? "0")[0]);
  const range = "bytes " + from + "-" + (sound.length - 1) + "/" + sound.length;
  const headers = { etag: '"' + at + '"', "content-length": String(sound.length - from), "content-range": range };
  incoming.head({ status: from === 0 ? 200 : from === sound.length ? 416 : 206, headers });
  for (let here = from; here < sound.length; here += 65536) {
    await incoming.chunk(Buffer.from(sound.subarray(here, here + 65536)));
    if (pieces !== "all") {
      console.log("piece");
      if ((taken += 1) >= Number(pieces)) return await new Promise((resolve) => setTimeout(resolve, 2 ** 31 - 1));
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }
  await (await incoming.finish()).settled;
  console.log("done " + at + " " + from);
}
let next = 0;
let taken = 0;
console.log("started");
await Promise.all(Array.from({ length: 8 }, async () => {
  while (next < Number(count)) await fetchOne(next++);
}));
await destination[Symbol.asyncDispose]();
console.log("finished");
`;

async function nextLines(child: ReturnType<typeof startModule>, count: number): Promise<string[]> {
  const lines: string[] = [];
  while (lines.length < count) lines.push(await child.line());
  return lines;
}

async function linesOf(child: ReturnType<typeof startModule>): Promise<string[]> {
  const lines: string[] = [];
  try {
    for (;;) lines.push(await child.line());
  } catch {
    return lines;
  }
}

/** The same sound as the child's. */
function soundOf(at: number): Buffer {
  const bytes = Buffer.alloc(5000 + ((at * 7919) % 40) * 60_000, at % 251);
  bytes.write("RIFF....WAVEfmt \x10\0\0\0\x07\0\x01\0\x40\x1f\0\0\x40\x1f\0\0\x01\0\x08\0data", "latin1");
  bytes.writeUInt32LE(bytes.length - 8, 4);
  bytes.writeUInt32LE(bytes.length - 44, 40);
  return bytes;
}

test("killed twelve times at random moments, no wrong file is ever seen, and in the end all are there", async () => {
  using folder = openTempFolder();
  const count = 70;
  let resumed = 0;
  for (let round = 0; round <= 12; round += 1) {
    const pieces = (round * 37) % 130;
    // However late the kill comes: what a round can take is a part of what there is.
    const child = startModule(fetchAll, [folder.path, String(count), round === 12 ? "all" : String(pieces + 20)]);
    const lines = await nextLines(child, 1 + (round === 12 ? 0 : pieces));
    if (round < 12) await child.kill();
    for (const line of [...lines, ...(await linesOf(child))]) if (/^done \d+ [1-9]/.test(line)) resumed += 1;
    expect(await child.ended()).toBe(round < 12 ? null : 0);
    for (const name of folder.files()) {
      const at = Number(/x_(\d+)/.exec(name)?.[1]);
      const bytes = readFileSync(join(folder.path, name));
      if (name.endsWith(".info.json"))
        expect(JSON.parse(bytes.toString())).toMatchObject({ at, file: { bytes: soundOf(at).length } });
      else expect(bytes.equals(soundOf(at)), `${name} in round ${round}`).toBe(true);
    }
  }
  const sounds = folder.files().filter((name) => name.endsWith(".wav"));
  expect(sounds.length).toBe(count);
  expect(resumed).toBeGreaterThan(0);
});

const noStrace = spawnSync("strace", ["-V"]).error === undefined ? undefined : "needs the Debian package strace";

test.skipIf(noStrace)(
  `bytes are synced before they get their name, and the name before they count${noStrace ? ` (${noStrace})` : ""}`,
  async () => {
    using folder = openTempFolder();
    const log = join(folder.path, "trace");
    const dist = new URL("../../dist/", import.meta.url).href;
    const source = `const built = (name) => import(${JSON.stringify(dist)} + name);\n${fetchAll}`;
    const traced = [
      "-f",
      "-y",
      "-qq",
      "-e",
      "trace=fsync,linkat,link,write,pwrite64,pwritev,writev",
      "-s",
      "40",
      "-o",
      log,
    ];
    const run = spawnSync("strace", [
      ...traced,
      process.execPath,
      "--input-type=module",
      "-e",
      source,
      join(folder.path, "a"),
      "3",
      "all",
    ]);
    expect(run.status, run.stderr.toString()).toBe(0);
    const calls = readFileSync(log, "utf8").split("\n");
    const find = (pattern: RegExp) => calls.findIndex((call) => pattern.test(call));
    for (const at of [0, 1, 2]) {
      const order = [
        find(new RegExp(`write.*ringcentral-${at}\\.part`)),
        find(new RegExp(`fsync\\(.*ringcentral-${at}\\.part`)),
        find(new RegExp(`link.*ringcentral-${at}\\.[^.]+\\.part.*x_${at}\\.wav`)),
        find(new RegExp(`fsync\\(.*/a/d${at}>`)),
        find(new RegExp(`write\\(.*"done ${at} `)),
      ];
      expect(order).not.toContain(-1);
      expect([...order].sort((a, b) => a - b)).toEqual(order);
      expect(find(/fsync\(.*\/a>/)).toBeGreaterThan(-1);
    }
  },
);

test("too few file handles are told as that, and can be tried again", async () => {
  using folder = openTempFolder();
  const dist = new URL("../../dist/", import.meta.url).href;
  const source = `
    const { openDisk } = await import(${JSON.stringify(dist)} + "destinations/disk/disk.js");
    const { openSync, closeSync } = await import("node:fs");
    const destination = await openDisk(process.argv[1]);
    const sound = Buffer.from(process.argv[2], "base64");
    const signal = new AbortController().signal;
    const put = async (id) => {
      const incoming = await destination.open("x_" + id + ".{ext}", { key: "ringcentral/" + id, resume: false, overwrite: false }, signal);
      incoming.head({ status: 200, headers: {} });
      await incoming.chunk(Buffer.from(sound));
      return (await incoming.finish()).settled;
    };
    const held = [];
    try { for (;;) held.push(openSync("/dev/null")); } catch {}
    const code = await put(1).catch((error) => error.code + " " + error.verdict);
    for (const fd of held) closeSync(fd);
    console.log(code, (await put(1)).path);
  `;
  const sound = wav({ seconds: 0.1 }).toString("base64");
  const limited = [
    "-c",
    'ulimit -n 64 && exec "$0" "$@"',
    process.execPath,
    "--input-type=module",
    "-e",
    source,
    folder.path,
    sound,
  ];
  const run = spawnSync("sh", limited);
  expect(run.stdout.toString().trim(), run.stderr.toString()).toBe("too-many-files retry x_1.wav");
});

test("a folder that this user may not write to is denied", () => {
  using folder = openTempFolder();
  const dist = new URL("../../dist/", import.meta.url).href;
  // Root may write everywhere: the child first becomes nobody.
  const source = `
    const { openDisk } = await import(${JSON.stringify(dist)} + "destinations/disk/disk.js");
    if (process.getuid() === 0) process.setuid(65534);
    console.log(await openDisk(process.argv[1] + "/archive").catch((error) => error.code + " " + error.message));
  `;
  chmodSync(folder.path, 0o500);
  const run = spawnSync(process.execPath, ["--input-type=module", "-e", source, folder.path]);
  expect(run.stdout.toString(), run.stderr.toString()).toMatch(/^disk-denied Cannot write .*archive/);
});

interface Mounted extends AsyncDisposable {
  /** The archive: the mount itself, or the folder that `inner` is mounted in. */
  readonly path: string;
}

function mounted(options: string, inner?: string): Mounted {
  const folder = openTempFolder();
  const point = inner === undefined ? folder.path : join(folder.path, inner);
  mkdirSync(point, { recursive: true });
  spawnSync("mount", ["-t", "tmpfs", "-o", options, "tmpfs", point]);
  return {
    path: folder.path,
    async [Symbol.asyncDispose]() {
      spawnSync("umount", [point]);
      folder[Symbol.dispose]();
    },
  };
}

function canMount(): boolean {
  using folder = openTempFolder();
  if (spawnSync("mount", ["-t", "tmpfs", "tmpfs", folder.path]).status !== 0) return false;
  return spawnSync("umount", [folder.path]).status === 0;
}
