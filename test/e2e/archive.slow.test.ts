import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openSqlite, type Sqlite } from "../../src/platform/sqlite.ts";
import { run, start, until } from "../helpers/bin.ts";
import { runHere } from "../helpers/run-here.ts";
import { eventsOf, finishedIn, openTimWorld, type TimWorld } from "./tim-world.ts";

describe("verify", () => {
  it("is silent about a whole archive, and names a flipped byte, a lost file, a foreign file and an edited run", async () => {
    await using world = await openFilledWorld(20);
    const { archive, env } = world;
    const whole = await runHere(["verify", "-d", archive], { env });
    expect([whole.code, whole.out]).toEqual([0, ""]);

    const [flipped = "", lost = ""] = finishedIn(archive);
    const bytes = readFileSync(flipped);
    bytes.writeUInt8(bytes.readUInt8(bytes.length >> 1) ^ 1, bytes.length >> 1);
    writeFileSync(flipped, bytes);
    rmSync(lost);
    writeFileSync(join(archive, "stray.wav"), "nobody knows me");
    using ledger = openLedgerFile(archive);
    ledger.file.exec("UPDATE runs SET selection = '{}'");

    const hurt = await runHere(["verify", "-d", archive, "--json"], { env });
    expect(hurt.code).toBe(6);
    const found = eventsOf(hurt.out).map(({ kind, path }) => [kind, path]);
    expect(found).toEqual(
      expect.arrayContaining([
        ["changed", flipped.slice(archive.length + 1)],
        ["missing", lost.slice(archive.length + 1)],
        ["unknown-file", "stray.wav"],
        ["run-record", undefined],
      ]),
    );
    // The four, and how it ended.
    expect(found.length).toBe(5);
    expect(eventsOf(hurt.out).at(-1)).toMatchObject({ event: "verify-finished", differences: 4 });
    const told = await runHere(["verify", "-d", archive], { env });
    expect(told.code).toBe(6);
    expect(
      told.out.split("\n").filter((line) => /^(changed|missing|unknown-file|run-record): /.test(line)).length,
    ).toBe(4);
  });

  it("writes sums that sha256sum accepts", async () => {
    await using world = await openFilledWorld(12);
    const { archive, env, tim } = world;
    expect((await runHere(["verify", "-d", archive, "--write-sums"], { env })).code).toBe(0);
    const checked = execFileSync("sha256sum", ["-c", "--strict", "SHA256SUMS"], { cwd: archive, encoding: "utf8" });
    expect(checked.match(/: OK$/gm)?.length).toBe(tim.recordings().length);
    expect((await runHere(["verify", "-d", archive], { env })).code).toBe(0);
  });

  it("re-reads an archive in parts that together are the whole", async () => {
    await using world = await openFilledWorld(30);
    const { archive, env, tim } = world;
    for (const path of finishedIn(archive)) rmSync(path);
    const parts = await Promise.all(
      ["1/3", "2/3", "3/3"].map((part) =>
        run(["verify", "-d", archive, "--read-data-subset", part, "--json"], { env }),
      ),
    );
    const keys = parts.flatMap(({ out }) =>
      eventsOf(out).flatMap(({ kind, key }) => (kind === "missing" ? [key] : [])),
    );
    expect(new Set(keys).size).toBe(tim.recordings().length);
    expect(keys.length).toBe(tim.recordings().length);
    expect(parts.every(({ out }) => eventsOf(out).length > 0)).toBe(true);
    const wrong = await runHere(["verify", "-d", archive, "--read-data-subset", "4/3"], { env });
    expect([wrong.code, wrong.err]).toEqual([2, expect.stringContaining("--read-data-subset")]);
  });
});

describe("status", () => {
  it("tells what is held, why the rest is not, the last runs, and one recording's story", async () => {
    await using world = await openTimWorld(20);
    const { archive, env, csv, tim } = world;
    const [gone, kept] = tim.recordings();
    tim.settings.access.audioMissing = [String(gone?.voicefilename)];
    expect((await runHere(["download", "--rows", csv, "-d", archive], { env })).code).toBe(3);
    const told = await runHere(["status", "-d", archive], { env });
    expect(told.code).toBe(0);
    expect(told.out).toContain(`${tim.recordings().length - 1} recordings held`);
    expect(told.out).toContain("Not held:");
    expect(told.out).toContain("exit 3");
    const [{ holdings, failures, runs } = {}] = eventsOf(
      (await runHere(["status", "-d", archive, "--json"], { env })).out,
    );
    expect(holdings).toContainEqual(expect.objectContaining({ source: "tim", state: "done" }));
    expect(failures).toEqual([expect.objectContaining({ source: "tim", entries: 1 })]);
    expect(runs).toEqual([expect.objectContaining({ exitCode: 3, failed: 1 })]);

    const story = await runHere(["status", "-d", archive, String(kept?.voicefilename)], { env });
    expect(story.out).toMatch(
      /: downloaded \d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d\d:\d\d into tim\/.*SHA-256 [0-9a-f]{64}/,
    );
    const why = await runHere(["status", "-d", archive, String(gone?.voicefilename)], { env });
    expect(why.out).toMatch(/: (gone|no-recording|forbidden|failed) since /);
    expect((await runHere(["status", "-d", archive, "nobody"], { env })).code).toBe(4);
  });

  it("says so where there is no archive", async () => {
    await using world = await openTimWorld(1);
    const none = await runHere(["status", "-d", join(world.home, "elsewhere")], { env: world.env });
    expect([none.code, none.err]).toEqual([2, expect.stringContaining("no archive")]);
    expect(existsSync(join(world.home, "elsewhere"))).toBe(false);
  });
});

describe("reconcile", () => {
  it("names what is missing and what is extra, and its lines bring back what is missing", async () => {
    await using world = await openTimWorld(30);
    const { archive, env, csv, tim, home } = world;
    const lines = readFileSync(csv, "utf8").split("\n");
    const half = join(home, "half.csv");
    writeFileSync(half, `${lines.slice(0, 16).join("\n")}\n`);
    expect((await runHere(["download", "--rows", half, "-d", archive], { env })).code).toBe(0);
    const before = world.held().size;

    const compared = await runHere(["reconcile", "--rows", csv, "-d", archive, "--json"], { env });
    expect(compared.code).toBe(6);
    const missing = eventsOf(compared.out).filter(({ kind }) => kind === "missing");
    expect(missing.length).toBe(tim.recordings().length - before);
    const fetched = await runHere(["download", "--rows", "-", "-d", archive], { env, input: compared.out });
    expect(fetched.code).toBe(0);
    expect(world.held().size).toBe(tim.recordings().length);
    expect((await runHere(["reconcile", "--rows", csv, "-d", archive], { env })).code).toBe(0);

    const extra = await runHere(["reconcile", "--rows", half, "-d", archive], { env });
    expect(extra.code).toBe(6);
    expect(extra.out.match(/^extra: tim\//gm)?.length).toBe(tim.recordings().length - before);
  });

  it("tells what is gone at the source, a difference until that is proven", async () => {
    await using world = await openTimWorld(10);
    const { archive, env, csv, tim } = world;
    tim.settings.access.audioMissing = [String(tim.recordings()[0]?.voicefilename)];
    const download = () => runHere(["download", "--rows", csv, "-d", archive], { env });
    expect([(await download()).code, (await download()).code]).toEqual([3, 3]);
    const reconcile = () => runHere(["reconcile", "--rows", csv, "-d", archive], { env });
    const said = await reconcile();
    expect([said.code, said.out]).toEqual([6, expect.stringMatching(/^gone: tim\/.* said so .*, not proven yet\)/)]);
    using ledger = openLedgerFile(archive);
    ledger.file.exec(
      "UPDATE recordings SET evidence = json_set(evidence, '$.proven', json('true')) WHERE state = 'gone'",
    );
    const proven = await reconcile();
    expect([proven.code, proven.out]).toEqual([0, expect.stringMatching(/^gone: tim\/.* said so /)]);
  });
});

describe("purge", () => {
  it("shows first, then deletes for good: the files go, and no later run fetches them again", async () => {
    await using world = await openFilledWorld(20);
    const { archive, env, csv, tim } = world;
    const id = String(tim.recordings()[0]?.voicefilename);
    const held = world.held().size;
    const shown = await runHere(["purge", id, "-d", archive], { env });
    expect([shown.code, shown.err]).toEqual([0, expect.stringContaining("--yes")]);
    expect(shown.out.trim()).toBe(
      world
        .held()
        .get(id)
        ?.slice(archive.length + 1),
    );
    expect(world.held().size).toBe(held);

    const done = await runHere(["purge", id, "-d", archive, "--yes", "--reason", "asked by the caller"], { env });
    expect(done.code).toBe(0);
    expect(world.held().has(id)).toBe(false);
    tim.clearStats();
    expect((await runHere(["download", "--rows", csv, "-d", archive], { env })).code).toBe(0);
    expect(tim.stats().requests).toEqual({ tim: 0, echo: 0 });
    expect((await runHere(["status", id, "-d", archive], { env })).out).toContain("purged here on purpose");
    expect((await runHere(["verify", "-d", archive], { env })).code).toBe(0);
    using ledger = openLedgerFile(archive);
    expect(ledger.file.prepare("SELECT action, detail FROM audits WHERE action <> 'verify'").all()).toEqual([
      { action: "purge", detail: "asked by the caller" },
    ]);
  });

  it("takes sidecars along, by number and by age", async () => {
    await using world = await openFilledWorld(20, ["--write-info-json"]);
    const { archive, env, tim } = world;
    const number = String(tim.recordings().find((call) => call.number)?.number);
    const path = String(world.held().get(String(tim.recordings().find((call) => call.number)?.voicefilename)));
    expect(existsSync(path.replace(/\.[^.]+$/, ".info.json"))).toBe(true);
    expect((await runHere(["purge", "--number", number, "-d", archive, "--yes"], { env })).code).toBe(0);
    expect([path, path.replace(/\.[^.]+$/, ".info.json")].map((file) => existsSync(file))).toEqual([false, false]);
    expect((await runHere(["purge", "--before", "9999-01-01", "-d", archive, "--yes"], { env })).code).toBe(0);
    expect(finishedIn(archive)).toEqual([]);
    expect((await runHere(["purge", "-d", archive, "--yes"], { env })).code).toBe(2);
  });
});

describe("purge of what never became whole", () => {
  it("removes its partial files too", async () => {
    await using world = await openTimWorld(10, { echo: { bytesPerSecond: 50_000 } }, { seconds: [4, 4] });
    const { archive, env, csv } = world;
    const partial = join(archive, ".callreel", "partial");
    const running = start(["download", "--rows", csv, "-d", archive], { env });
    await until(() => existsSync(partial) && readdirSync(partial).some((name) => name.endsWith(".part")), "a part");
    running.child.kill("SIGKILL");
    await running.finished;
    expect((await runHere(["purge", "--before", "9999-01-01", "-d", archive, "--yes"], { env })).code).toBe(0);
    expect(readdirSync(partial)).toEqual([]);
  });
});

describe("list --archive", () => {
  it("prints the catalogue as table, CSV and NDJSON that download takes back", async () => {
    await using world = await openFilledWorld(15);
    const { archive, env, tim } = world;
    const size = tim.recordings().length;
    const table = await runHere(["list", "--archive", "-d", archive], { env });
    expect([table.code, table.out.trim().split("\n").length]).toEqual([0, size + 1]);
    const csv = await runHere(["list", "--archive", "-d", archive, "--csv"], { env });
    const [header, ...lines] = csv.out.trim().split("\r\n");
    expect(header).toBe(
      "key,source,id,start,duration,direction,from,to,extension,name,path,bytes,audio_seconds,content_type,sha256,note,user,transcripts,holds",
    );
    expect(lines.length).toBe(size);
    const json = await runHere(["list", "--archive", "-d", archive, "--json"], { env });
    for (const { path, bytes } of eventsOf(json.out)) {
      expect(readFileSync(join(archive, String(path))).length).toBe(bytes);
    }
    const again = await runHere(["download", "--rows", "-", "-d", archive, "--json"], { env, input: json.out });
    expect(eventsOf(again.out).at(-1)).toMatchObject({ exitCode: 0, skipped: size, done: 0 });
  });
});

describe("verify --rebuild", () => {
  it("makes a ledger anew from sidecars, so that nothing is fetched again", async () => {
    await using world = await openFilledWorld(20, ["--write-info-json"]);
    const { archive, env, csv, tim } = world;
    rmSync(join(archive, ".callreel"), { recursive: true });
    const rebuilt = await runHere(["verify", "-d", archive, "--rebuild"], { env });
    expect([rebuilt.code, rebuilt.err]).toEqual([
      0,
      expect.stringContaining(`${tim.recordings().length} files newly recorded`),
    ]);
    tim.clearStats();
    expect((await runHere(["download", "--rows", csv, "-d", archive], { env })).code).toBe(0);
    expect(tim.stats().requests).toEqual({ tim: 0, echo: 0 });
    expect((await runHere(["status", "-d", archive], { env })).out).toContain(
      `${tim.recordings().length} recordings held`,
    );
  });

  it("carries over what a damaged ledger still tells, keeps it aside, and names files that nothing tells of", async () => {
    await using world = await openFilledWorld(60);
    const { archive, env } = world;
    const path = join(archive, ".callreel", "ledger.db");
    {
      using ledger = openLedgerFile(archive);
      ledger.file.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    }
    const bytes = readFileSync(path);
    const page = Math.floor(bytes.indexOf(`"voicefilename":"${world.tim.recordings()[30]?.voicefilename}`) / 4096);
    writeFileSync(path, bytes.fill(0x5a, page * 4096, page * 4096 + 4096));
    const rebuilt = await runHere(["verify", "-d", archive, "--rebuild"], { env });
    expect(rebuilt.err).toMatch(/entr(y|ies) carried over, .*The old ledger is kept as .*ledger\.db\.aside-/);
    const strays = rebuilt.out.match(/^unknown-file: /gm)?.length ?? 0;
    expect([rebuilt.code, strays > 0 && strays < 60]).toEqual([6, true]);
    const adopted = await runHere(["adopt", archive, "-d", archive, "--rows", world.csv], { env });
    expect(adopted.code).toBe(0);
    expect((await runHere(["verify", "-d", archive], { env })).code).toBe(0);
  });

  it("knows RingCentral's files by their names", async () => {
    await using world = await openTimWorld(5);
    const { archive, env, tim } = world;
    const folder = join(archive, "ringcentral/2026/05/01");
    mkdirSync(folder, { recursive: true });
    const name = "2026-05-01_10-00-00_inbound_+15551234567_101_401786818008.wav";
    writeFileSync(join(folder, name), tim.audioOf(String(tim.recordings()[0]?.voicefilename)));
    expect((await runHere(["verify", "-d", archive, "--rebuild", "--quiet"], { env })).code).toBe(0);
    const listed = await runHere(["list", "--archive", "-d", archive, "--json"], { env });
    expect(eventsOf(listed.out)).toEqual([
      expect.objectContaining({
        key: "ringcentral/401786818008",
        path: `ringcentral/2026/05/01/${name}`,
        call: expect.objectContaining({ direction: "inbound", from: "+15551234567", to: "101" }),
      }),
    ]);
  });
});

describe("adopt", () => {
  it("records an older script's files by the ids of their rows, and lists those that match nothing", async () => {
    await using world = await openTimWorld(20);
    const { archive, env, csv, tim } = world;
    const old = join(archive, "old");
    mkdirSync(old, { recursive: true });
    for (const { voicefilename } of tim.recordings()) {
      writeFileSync(join(old, `call-${voicefilename}.wav`), tim.audioOf(voicefilename));
    }
    writeFileSync(join(old, "greeting.wav"), tim.audioOf(String(tim.recordings()[0]?.voicefilename)));
    writeFileSync(join(old, `${tim.recordings()[1]?.voicefilename}.mp3`), "<html>Login</html>");
    const adopted = await runHere(["adopt", old, "-d", archive, "--rows", csv], { env });
    expect(adopted.code).toBe(3);
    expect(adopted.out.match(/^unmatched: .*/gm)).toHaveLength(2);
    expect(adopted.err).toContain(`${tim.recordings().length} recordings`);
    tim.clearStats();
    expect((await runHere(["download", "--rows", csv, "-d", archive], { env })).code).toBe(0);
    expect(tim.stats().requests).toEqual({ tim: 0, echo: 0 });
  });

  it("reads RingCentral ids through a pattern, and refuses what it cannot use", async () => {
    await using world = await openTimWorld(5);
    const { archive, env, tim, home } = world;
    mkdirSync(join(archive, "old"), { recursive: true });
    const audio = tim.audioOf(String(tim.recordings()[0]?.voicefilename));
    writeFileSync(join(archive, "old", "20260501_401786818008.wav"), audio);
    const call = ["adopt", join(archive, "old"), "-d", archive];
    const adopted = await runHere([...call, "--match", "{date}_{id}.{ext}", "--timezone", "UTC", "--json"], { env });
    expect([adopted.code, eventsOf(adopted.out)]).toEqual([
      0,
      [expect.objectContaining({ kind: "adopted", key: "ringcentral/401786818008", bytes: audio.length })],
    ]);
    expect((await runHere(["status", "401786818008", "-d", archive], { env })).out).toContain("downloaded");
    expect((await runHere(call, { env })).code).toBe(2);
    expect((await runHere([...call, "--match", "{date}.wav"], { env })).err).toContain("{id}");
    const outside = await runHere(["adopt", home, "-d", archive, "--match", "{id}.{ext}"], { env });
    expect([outside.code, outside.err]).toEqual([2, expect.stringContaining("not in the archive")]);
  });
});

describe("export --bagit", () => {
  it("writes a bag that sha256sum and the counts confirm, and says so in the audit log", async () => {
    await using world = await openFilledWorld(20);
    const { archive, env, home, tim } = world;
    const bag = join(home, "bag");
    expect((await runHere(["export", "-d", archive, "--bagit", bag], { env })).code).toBe(0);
    for (const sums of ["manifest-sha256.txt", "tagmanifest-sha256.txt"]) {
      execFileSync("sha256sum", ["-c", "--strict", "--quiet", sums], { cwd: bag });
    }
    expect(readFileSync(join(bag, "bagit.txt"), "utf8")).toBe(
      "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n",
    );
    const files = execFileSync("find", ["data", "-type", "f", "-printf", "%s\\n"], { cwd: bag, encoding: "utf8" });
    const sizes = files.trim().split("\n").map(Number);
    const info = readFileSync(join(bag, "bag-info.txt"), "utf8");
    expect(info).toContain(`Payload-Oxum: ${sizes.reduce((sum, size) => sum + size, 0)}.${tim.recordings().length}\n`);
    expect(info).toMatch(/^Bagging-Date: \d{4}-\d\d-\d\d$/m);
    expect(readFileSync(join(bag, "catalogue.csv"), "utf8").trim().split("\r\n").length).toBe(sizes.length + 1);
    using ledger = openLedgerFile(archive);
    expect(ledger.file.prepare("SELECT action FROM audits").all()).toEqual([{ action: "export" }]);
    const again = await runHere(["export", "-d", archive, "--bagit", bag], { env });
    expect([again.code, again.err]).toEqual([2, expect.stringContaining("not empty")]);
    const inside = await runHere(["export", "-d", archive, "--bagit", join(archive, "bag")], { env });
    expect([inside.code, inside.err]).toEqual([2, expect.stringContaining("is inside the archive")]);
  });

  it("gives no bag its name when a file is not as it came", async () => {
    await using world = await openFilledWorld(8);
    const { archive, env, home } = world;
    const [path = ""] = finishedIn(archive);
    writeFileSync(path, readFileSync(path).fill(7, 100, 101));
    const refused = await runHere(["export", "-d", archive, "--bagit", join(home, "bag")], { env });
    expect([refused.code, refused.out]).toEqual([6, expect.stringMatching(/^changed: tim\//)]);
    expect([existsSync(join(home, "bag")), existsSync(join(home, "bag.part"))]).toEqual([false, false]);
  });
});

async function openFilledWorld(rows: number, flags: readonly string[] = []): Promise<TimWorld> {
  const world = await openTimWorld(rows);
  const filled = await runHere(["download", "--rows", world.csv, "-d", world.archive, ...flags], { env: world.env });
  expect([filled.code, filled.err]).toEqual([0, expect.anything()]);
  return world;
}

function openLedgerFile(archive: string): Disposable & { readonly file: Sqlite } {
  const file = openSqlite(join(archive, ".callreel", "ledger.db"));
  return { file, [Symbol.dispose]: () => file.close() };
}
