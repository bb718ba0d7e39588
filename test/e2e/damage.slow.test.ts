import { execFileSync, spawnSync } from "node:child_process";
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { openSqlite } from "../../src/platform/sqlite.ts";
import { runHere } from "../helpers/run-here.ts";
import { eventsOf, finishedIn, openTimWorld, type TimWorld } from "./tim-world.ts";

const verifyOf =
  ({ archive, env }: TimWorld) =>
  async (...args: string[]) => {
    const { code, out, err } = await runHere(["verify", "-d", archive, "--json", ...args], { env });
    return { code, err, found: eventsOf(out) as readonly Found[] };
  };

interface Found {
  readonly event?: string;
  readonly kind?: string;
  readonly path?: string;
  readonly message?: string;
}

async function openHeld(...args: string[]): Promise<TimWorld> {
  const world = await openTimWorld(5);
  expect(
    (await runHere(["download", "--rows", world.csv, "-d", world.archive, ...args], { env: world.env })).code,
  ).toBe(0);
  return world;
}

it("verify goes on after a folder, a link, a pipe and a lost file, reports each, and looks at the rest", async () => {
  await using world = await openHeld();
  const files = finishedIn(world.archive).sort();
  const [folder = "", link = "", pipe = "", lost = "", flipped = ""] = files;
  for (const path of [folder, link, pipe, lost]) rmSync(path);
  mkdirSync(folder);
  symlinkSync(flipped, link);
  execFileSync("sh", ["-c", `mkfifo "${pipe}"`]);
  writeFileSync(flipped, Buffer.concat([readFileSync(flipped), Buffer.of(0)]));

  const { code, found } = await verifyOf(world)();
  expect(code).toBe(6);
  expect(found.map(({ kind, message }) => [kind, message])).toEqual(
    expect.arrayContaining([
      ["unreadable", expect.stringContaining("is a folder")],
      ["unreadable", expect.stringContaining("is a symbolic link")],
      ["unreadable", expect.stringContaining("is a pipe")],
      ["missing", expect.anything()],
      ["changed", expect.anything()],
    ]),
  );
  expect(found.at(-1)).toMatchObject({ event: "verify-finished", files: 5, differences: 5 });
});

it("verify goes on after a file on a bad sector, reports it, and looks at the rest", async () => {
  await using world = await openHeld();
  const [bad = "", ...others] = finishedIn(world.archive).sort();
  const fails = ["-f", "-qq", "-o", "/dev/null", "-P", bad, "-e", "inject=read,pread64,preadv:error=EIO"];
  const bin = join(import.meta.dirname, "../../bin/callreel.js");
  const call = [process.execPath, bin, "verify", "-d", world.archive, "--json"];
  const env = { PATH: process.env.PATH, ...world.env };
  const { status, stdout } = spawnSync("strace", [...fails, ...call], { env, encoding: "utf8" });
  const found = eventsOf(stdout) as readonly Found[];
  expect([status, found.map(({ kind, message }) => [kind, message])]).toEqual([
    6,
    [
      ["unreadable", expect.stringContaining("EIO")],
      [undefined, undefined],
    ],
  ]);
  expect(found.at(-1)).toMatchObject({ files: others.length + 1, differences: 1 });
});

it("verify tells a damaged ledger with 13 and what to do, looks at the files all the same, and a rebuild mends it", async () => {
  await using world = await openHeld("--write-info-json");
  const ledger = join(world.archive, ".callreel", "ledger.db");
  const database = openSqlite(ledger);
  database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  const { rootpage } = database
    .prepare("SELECT rootpage FROM sqlite_master WHERE name = 'recordings_by_start'")
    .get() as { rootpage: number };
  database.close();
  const bytes = readFileSync(ledger);
  writeFileSync(ledger, bytes.fill(0x5a, (rootpage - 1) * 4096, rootpage * 4096));
  const [lost = ""] = finishedIn(world.archive);
  rmSync(lost);
  const { code, err, found } = await verifyOf(world)();
  expect([code, err]).toEqual([13, expect.stringContaining("verify --rebuild")]);
  expect(found.map(({ kind }) => kind)).toContain("ledger");
  const rebuilt = await verifyOf(world)("--rebuild");
  expect([rebuilt.code, rebuilt.found.map(({ kind }) => kind)]).toEqual([6, ["missing", undefined]]);
});

it("verify leaves a record of itself, and tells an empty archive", async () => {
  await using world = await openHeld();
  await verifyOf(world)("--read-data-subset", "1/1");
  const database = openSqlite(join(world.archive, ".callreel", "ledger.db"));
  const { detail } = database.prepare("SELECT detail FROM audits WHERE action = 'verify'").get() as { detail: string };
  database.close();
  expect(JSON.parse(detail)).toEqual({
    by: expect.stringMatching(/.@./),
    selection: expect.objectContaining({ readDataSubset: "1/1" }),
    result: { files: 5, bytes: expect.any(Number), differences: 0, read: true },
  });
  await runHere(["purge", "--before", "2100-01-01", "--yes", "-d", world.archive], { env: world.env });
  expect((await runHere(["verify", "-d", world.archive], { env: world.env })).err).toContain("nothing to check");
});

it("a sidecar that tells another hash is a finding", async () => {
  await using world = await openHeld("--write-info-json");
  const [name = ""] = readdirSync(world.archive, { recursive: true, encoding: "utf8" }).filter((path) =>
    path.endsWith(".info.json"),
  );
  const path = join(world.archive, name);
  writeFileSync(path, readFileSync(path, "utf8").replace(/"sha256": "[0-9a-f]{8}/, '"sha256": "00000000'));
  const { code, found } = await verifyOf(world)();
  expect([code, found[0]]).toEqual([6, expect.objectContaining({ kind: "sidecar", path: name })]);
});

describe("a file that is not the one that came", () => {
  const changed = async (world: TimWorld) => {
    const [path = ""] = finishedIn(world.archive);
    const bytes = readFileSync(path);
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    writeFileSync(path, bytes);
    return path.slice(world.archive.length + 1);
  };
  const loseLedger = ({ archive }: TimWorld) => {
    for (const name of readdirSync(join(archive, ".callreel")).filter((each) => each.startsWith("ledger.db")))
      rmSync(join(archive, ".callreel", name), { recursive: true });
  };

  it.each([
    ["sidecar", "--write-info-json"],
    ["SHA256SUMS", "--no-mtime"],
  ])("is never blessed by a rebuild or a download, as its %s tells", async (by, option) => {
    await using world = await openHeld(option);
    if (by === "SHA256SUMS") await verifyOf(world)("--write-sums");
    const path = await changed(world);
    loseLedger(world);
    const rebuilt = await verifyOf(world)("--rebuild");
    expect(rebuilt.found).toContainEqual(expect.objectContaining({ kind: "unknown-file", path }));
    const download = async () => {
      const { code, out } = await runHere(["download", "--rows", world.csv, "-d", world.archive, "--json"], {
        env: world.env,
      });
      const brought = eventsOf(out).filter(({ event }) => event === "recording-done");
      return { code, brought: brought.length, failed: eventsOf(out).find(({ event }) => event === "recording-failed") };
    };
    expect(await download()).toMatchObject({ code: 3, brought: 0, failed: { code: "unsafe-path" } });
    rmSync(join(world.archive, path));
    expect(await download()).toEqual({ code: 0, brought: 1, failed: undefined });
    expect(world.held().size).toBe(5);
  });

  it("is not blessed by a rebuild that lost its entry but kept its outcome, and a lost tombstone comes back", async () => {
    await using world = await openHeld("--write-info-json");
    const [buried = ""] = world.tim.recordings().map(({ voicefilename }) => voicefilename);
    await runHere(["purge", buried, "--yes", "-d", world.archive], { env: world.env });
    const path = await changed(world);
    rmSync(join(world.archive, path.replace(/[^.]+$/, "info.json")));
    const database = openSqlite(join(world.archive, ".callreel", "ledger.db"));
    database.exec(`DELETE FROM recordings WHERE path = '${path}' OR state = 'purged'`);
    database.close();
    const rebuilt = await verifyOf(world)("--rebuild");
    expect(rebuilt.code).toBe(6);
    expect(rebuilt.found.map(({ kind }) => kind).sort()).toEqual(["outcome", "unknown-file", undefined].sort());
    const again = await runHere(["download", "--rows", world.csv, "-d", world.archive, "--json"], { env: world.env });
    expect(eventsOf(again.out)).toContainEqual(
      expect.objectContaining({ event: "recording-skipped", reason: "purged" }),
    );
  });
});

it("a rebuild keeps what is broken in the records broken, and the old heads findable", async () => {
  await using world = await openHeld();
  const head = readFileSync(join(world.archive, ".callreel", "head"), "utf8").trim();
  const ledger = join(world.archive, ".callreel", "ledger.db");
  expect((await verifyOf(world)("--rebuild", "--head", head)).code).toBe(0);
  const database = openSqlite(ledger);
  database.exec("UPDATE runs SET failed = 9");
  database.close();
  for (const args of [["--rebuild"], []]) {
    const { code, found } = await verifyOf(world)(...args);
    expect([code, found[0]]).toEqual([6, expect.objectContaining({ kind: "run-record" })]);
  }
  expect(statSync(ledger).size).toBeGreaterThan(0);
  renameSync(ledger, `${ledger}.lost`);
  expect((await verifyOf(world)("--rebuild", "--head", head)).code).toBe(6);
});

describe("reconcile", () => {
  const reconcile = async ({ csv, archive, env }: TimWorld, ...args: string[]) => {
    const { code, out, err } = await runHere(["reconcile", "--rows", csv, "-d", archive, ...args], { env });
    return { code, out, err };
  };

  it("looks at the files, says that it did not read them, and knows what verify found", async () => {
    await using world = await openHeld();
    const whole = await reconcile(world);
    expect([whole.code, whole.err]).toEqual([0, expect.stringContaining("verify reads them")]);
    const [lost = "", cut = "", flipped = ""] = finishedIn(world.archive);
    rmSync(lost);
    writeFileSync(cut, readFileSync(cut).subarray(1));
    const bytes = readFileSync(flipped);
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    writeFileSync(flipped, bytes);
    const kinds = async () =>
      eventsOf((await reconcile(world, "--json")).out).map(({ event, kind }) => kind ?? event) as string[];
    expect((await kinds()).sort()).toEqual(["damaged", "missing", "reconcile-finished"]);
    await verifyOf(world)();
    expect((await kinds()).sort()).toEqual(["damaged", "damaged", "missing", "reconcile-finished"]);
    expect((await reconcile(world)).code).toBe(6);
  });

  it("tells when nothing to compare, and leaves a record of itself", async () => {
    await using world = await openHeld();
    writeFileSync(world.csv, readFileSync(world.csv, "utf8").split("\n")[0] ?? "");
    const { err } = await reconcile(world, "--from", "2001-01-01", "--to", "2001-01-02");
    expect(err).toContain("nothing to compare");
    const database = openSqlite(join(world.archive, ".callreel", "ledger.db"));
    const { detail } = database.prepare("SELECT detail FROM audits WHERE action = 'reconcile'").get() as Detail;
    database.close();
    expect(JSON.parse(detail)).toMatchObject({ result: { recordings: 0, differences: 0 } });
  });

  type Detail = { detail: string };
});

describe("verify --repair", () => {
  const spoil = (world: TimWorld) => {
    const [lost = "", cut = "", flipped = "", foreign = ""] = finishedIn(world.archive).sort();
    rmSync(lost);
    writeFileSync(cut, readFileSync(cut).subarray(1));
    const bytes = readFileSync(flipped);
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    writeFileSync(flipped, bytes);
    return { lost, cut, flipped, foreign };
  };

  it("fetches again what is missing or damaged, each into its place, and nothing else", async () => {
    await using world = await openHeld();
    const before = finishedIn(world.archive).sort();
    spoil(world);
    world.tim.clearStats();
    const { code, found } = await verifyOf(world)("--repair");
    expect([code, found]).toEqual([0, expect.anything()]);
    expect(
      found
        .map(({ kind }) => kind)
        .filter(Boolean)
        .sort(),
    ).toEqual(["changed", "changed", "missing"]);
    expect(found.filter(({ event }) => event === "recording-done").length).toBe(3);
    expect(found.at(-1)).toMatchObject({ event: "verify-finished", differences: 0 });
    expect(finishedIn(world.archive).sort()).toEqual(before);
    expect(world.held().size).toBe(5);
    expect((await verifyOf(world)()).code).toBe(0);
  });

  it("leaves damaged files where they are while their source gives none, and ends non-zero", async () => {
    await using world = await openHeld();
    const { cut, flipped, lost } = spoil(world);
    const sizes = () => [cut, flipped].map((path) => statSync(path).size);
    const before = sizes();
    world.tim.settings.access.audioMissing = world.tim.recordings().map(({ voicefilename }) => voicefilename);
    const { code, found } = await verifyOf(world)("--repair");
    expect([code, sizes()]).toEqual([3, before]);
    expect(found.at(-1)).toMatchObject({ differences: 3 });
    world.tim.settings.access.audioMissing = [];
    mkdirSync(lost);
    const again = await verifyOf(world)("--repair");
    expect([again.code, again.found.at(-1)]).toEqual([3, expect.objectContaining({ differences: 1 })]);
  });
});

it("what verify found damaged is downloaded again by the next run, and no success until it is whole", async () => {
  await using world = await openHeld();
  const [first = ""] = finishedIn(world.archive).sort();
  const before = readFileSync(first);
  writeFileSync(first, before.subarray(0, 100));
  expect((await verifyOf(world)()).code).toBe(6);
  const download = () => runHere(["download", "--rows", world.csv, "-d", world.archive, "-R", "0"], { env: world.env });
  world.tim.settings.faults = [{ on: "echo", do: "status", status: 500, times: 0 }];
  expect((await download()).code).not.toBe(0);
  expect(readFileSync(first)).toEqual(before.subarray(0, 100));
  world.tim.settings.faults = [];
  expect((await download()).code).toBe(0);
  expect(readFileSync(first)).toEqual(before);
  expect((await verifyOf(world)()).code).toBe(0);
});

it("a file in place of a day's folder, or of .callreel, is told as that and is no defect of the program", async () => {
  await using world = await openHeld();
  const [first = ""] = finishedIn(world.archive).sort();
  const download = () => runHere(["download", "--rows", world.csv, "-d", world.archive, "-R", "0"], { env: world.env });
  rmSync(dirname(first), { recursive: true });
  writeFileSync(dirname(first), "x");
  const blocked = await download();
  expect([blocked.code, blocked.err]).toEqual([3, expect.stringContaining("there is a file where a folder is needed")]);
  expect(blocked.err).not.toContain("{ext}");
  rmSync(dirname(first));
  expect((await download()).code).toBe(0);
  rmSync(join(world.archive, ".callreel"), { recursive: true });
  writeFileSync(join(world.archive, ".callreel"), "x");
  for (const args of [["verify"], ["status"], ["list", "--archive"], ["audit"]]) {
    const { code, err } = await runHere([...args, "-d", world.archive], { env: world.env });
    expect([args, [2, 13].includes(code ?? 0), err]).toEqual([args, true, expect.not.stringMatching(/Unexpected/)]);
  }
});
