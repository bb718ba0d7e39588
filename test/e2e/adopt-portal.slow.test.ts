import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { run } from "../helpers/bin.ts";
import { runHere } from "../helpers/run-here.ts";
import { mp3, wav } from "../helpers/sound-bytes.ts";
import { openTempFolder } from "../helpers/temp-folder.ts";
import { type Zipped, zip } from "../helpers/zip.ts";
import { eventsOf } from "./tim-world.ts";

const portal = ["--match", "ringcentral-portal", "--timezone", "America/New_York"];

function nameOf(id: string, ending = ".mp3", way = "Outgoing"): string {
  return `20251104-133555_302_(252)555-8686_${way}_Auto_${id}${ending}`;
}

/** A folder with `portal.zip` in it, and an archive that is not there yet. */
function openPortal(files: readonly Zipped[], change: (bytes: Buffer) => Buffer = (bytes) => bytes) {
  const home = openTempFolder();
  const archive = join(home.path, "archive");
  const file = join(home.path, "portal.zip");
  const env = { HOME: home.path };
  writeFileSync(file, change(zip(files)));
  return {
    home,
    archive,
    file,
    adopt: (path = file, more: readonly string[] = []) =>
      runHere(["adopt", path, "-d", archive, ...portal, ...more], { env }),
    verify: () => runHere(["verify", "-d", archive], { env }),
    held: async () => eventsOf((await runHere(["list", "--archive", "-d", archive, "--json"], { env })).out),
    [Symbol.dispose]: () => home[Symbol.dispose](),
  };
}

const audio = mp3(40);
const good: Zipped = { name: nameOf("2946157123004"), data: audio };

describe("adopt --match ringcentral-portal", () => {
  it("copies a zip's recordings into the archive, named by their calls, and finds them held the next time", async () => {
    using world = openPortal([
      { name: "calls/", data: Buffer.alloc(0), stored: true },
      { ...good, name: `calls/${good.name}` },
      { name: nameOf("2946157123005", "", "Incoming"), data: wav(), stored: true },
      { name: nameOf("2946157123006"), data: mp3(60), zip64: true },
    ]);
    const adopted = await world.adopt();
    expect([adopted.code, adopted.out, adopted.err]).toEqual([0, "", expect.stringContaining("3 recordings")]);
    expect((await world.held()).sort((a, b) => (String(a.key) < String(b.key) ? -1 : 1))).toEqual([
      expect.objectContaining({
        key: "ringcentral/2946157123004",
        path: "ringcentral/2025/11/04/2025-11-04_13-35-55_outbound_302_(252)555-8686_2946157123004.mp3",
        bytes: audio.length,
        start: "2025-11-04T18:35:55.000Z",
      }),
      expect.objectContaining({
        path: "ringcentral/2025/11/04/2025-11-04_13-35-55_inbound_(252)555-8686_302_2946157123005.wav",
        audioSeconds: 1,
      }),
      expect.objectContaining({ key: "ringcentral/2946157123006" }),
    ]);
    expect((await world.verify()).code).toBe(0);
    const again = await world.adopt();
    expect([again.code, again.err]).toEqual([0, expect.stringMatching(/^0 recordings/)]);
  });

  it("reads a folder elsewhere, with zips and files in it, and follows no link", async () => {
    using world = openPortal([good]);
    const folder = join(world.home.path, "downloads");
    mkdirSync(join(folder, "more"), { recursive: true });
    writeFileSync(join(folder, "more", "Calls.ZIP"), zip([good]));
    writeFileSync(join(folder, nameOf("2946157123007", "")), mp3(50));
    symlinkSync(world.file, join(folder, "link.zip"));
    expect((await world.adopt(folder)).code).toBe(0);
    expect((await world.held()).map(({ id }) => id).sort()).toEqual(["2946157123004", "2946157123007"]);
    expect(readdirSync(folder)).toHaveLength(3);
    expect((await world.verify()).code).toBe(0);
  });

  it("leaves files that stand in the archive where they are, and takes the zips beside them apart", async () => {
    using world = openPortal([good]);
    const old = join(world.archive, "portal");
    mkdirSync(old, { recursive: true });
    writeFileSync(join(old, nameOf("2946157123007", "")), mp3(50));
    writeFileSync(join(old, "calls.zip"), zip([good]));
    expect((await world.adopt(old)).code).toBe(0);
    expect((await world.held()).map(({ path }) => path).sort()).toEqual([
      `portal/${nameOf("2946157123007", "")}`,
      expect.stringContaining("2946157123004.mp3"),
    ]);
  });

  it("takes what rows say of the call, and the name for the rest; marks what is shorter than its call", async () => {
    using world = openPortal([good]);
    const rows = join(world.home.path, "calls.csv");
    writeFileSync(
      rows,
      "id,contentUri,startTime,duration,from\n2946157123004,https://media.ringcentral.com/restapi/v1.0/account/1/recording/2946157123004/content,2025-11-04T18:35:50Z,600,+12125550100\n",
    );
    expect((await world.adopt(world.file, ["--rows", rows, "-s", "ringcentral"])).code).toBe(0);
    expect(await world.held()).toEqual([
      expect.objectContaining({
        call: expect.objectContaining({ from: "+12125550100", to: "(252)555-8686", direction: "outbound" }),
      }),
    ]);
    const status = await runHere(["status", "-d", world.archive], { env: { HOME: world.home.path } });
    expect(status.out).toContain("shorter than");
  });

  it("finds the call of a name without an id by its start, direction, extension and party, or tells that it cannot", async () => {
    const named = (start: string, rest: string) => `${start}_302_${rest}`;
    const files = [
      named("20251104-133555", "(252)555-8686_Outgoing_Auto.mp3"),
      named("20251104-140000", "Anonymous_Incoming_Auto_ (1)"),
      named("20251104-150000", "(252)555-8686_Outgoing_Auto_unknown.mp3"),
      named("20251104-160000", "(252)555-0000_Outgoing_Auto.mp3"),
    ].map((name, at) => ({ name: `deep/er/${name}`, data: mp3(40 + at) }));
    using world = openPortal(files);
    const rows = join(world.home.path, "calls.csv");
    const row = (id: string, time: string, direction: string, from: string, to: string) =>
      `${id},2025-11-04T${time}Z,${direction},${from},${to},302\n`;
    writeFileSync(
      rows,
      `id,startTime,direction,from,to,extension\n${row("1001", "18:35:56", "Outbound", "+12125550100", "+12525558686")}${row("1002", "19:00:00", "Inbound", "", "+12125550100")}${row("1003", "20:00:01", "Outbound", "", "+12525558686")}${row("1004", "20:00:03", "Outbound", "", "+12525558686")}${row("1005", "21:00:00", "Outbound", "", "+12525558686")}`,
    );
    const adopted = await world.adopt(world.file, ["--rows", rows, "-s", "ringcentral"]);
    expect(adopted.code).toBe(3);
    expect(adopted.out.match(/^unmatched: .*/gm)).toEqual([
      expect.stringMatching(/150000.*calls of 2 rows have its start/),
      expect.stringMatching(/160000.*no row's call has its start/),
    ]);
    expect((await world.held()).map(({ id, bytes }) => [id, bytes]).sort()).toEqual([
      ["1001", mp3(40).length],
      ["1002", mp3(41).length],
    ]);
    expect((await world.adopt()).out).toContain("give the calls' rows with --rows");
  });

  it("takes starts that lie whole hours away where no zone is given, unless two calls fit", async () => {
    using world = openPortal([
      { name: "20251104-133555_302_(252)555-8686_Outgoing_Auto.mp3", data: mp3(40) },
      { name: "20251104-140010_302_(252)555-8686_Outgoing_Auto.mp3", data: mp3(41) },
    ]);
    const rows = join(world.home.path, "calls.csv");
    const starts = ["18:35:55", "15:00:10", "17:00:10"].map(
      (time, at) => `100${at},2025-11-04T${time}Z,+12525558686\n`,
    );
    writeFileSync(rows, `id,startTime,to\n${starts.join("")}`);
    const args = ["adopt", world.file, "-d", world.archive, "--match", "ringcentral-portal", "--rows", rows];
    const adopted = await run([...args, "-s", "ringcentral"], { env: { HOME: world.home.path, TZ: "UTC" } });
    expect([adopted.code, adopted.out]).toEqual([3, expect.stringMatching(/140010.*calls of 2 rows.*--timezone/)]);
    expect((await world.held()).map(({ id }) => id)).toEqual(["1000"]);
  });

  it("tells of each file that cannot be taken, and takes those around it", async () => {
    const bad: readonly (readonly [Zipped, string])[] = [
      [{ ...good, name: `../../${nameOf("29461571241")}` }, "leads out of the folder"],
      [{ ...good, name: `/tmp/${nameOf("29461571242")}` }, "leads out of the folder"],
      [{ ...good, name: nameOf("29461571243"), encrypted: true }, "encrypted"],
      [{ ...good, name: nameOf("29461571244"), crc: 1 }, "checksum"],
      [{ ...good, name: nameOf("29461571245"), size: audio.length + 5 }, "cannot be unpacked"],
      [{ ...good, name: nameOf("29461571246"), size: audio.length - 5 }, "cannot be unpacked"],
      [{ ...good, name: nameOf("29461571247"), zip64: true, size: 2 ** 40 }, "too large"],
      [{ name: nameOf("29461571248"), data: Buffer.from("<html>Log in</html>") }, "page"],
      [{ name: nameOf("29461571249"), data: Buffer.alloc(0) }, "empty"],
      [{ ...good, name: "song.mp3" }, "not of the form"],
      [{ ...good, data: mp3(41) }, "differs from what is held"],
    ];
    const hidden = { name: `__MACOSX/._${good.name}`, data: Buffer.from("Mac") };
    using world = openPortal([
      hidden,
      good,
      ...bad.map(([file]) => file),
      good,
      { ...good, name: nameOf("29461571250") },
    ]);
    const adopted = await world.adopt();
    const told = adopted.out.match(/^unmatched: .*/gm) ?? [];
    expect(adopted.code).toBe(3);
    expect(told).toHaveLength(bad.length);
    for (const [{ name }, message] of bad) {
      expect(told.some((line) => line.includes(`portal.zip: ${name}: `) && line.includes(message))).toBe(true);
    }
    expect((await world.held()).map(({ id }) => id).sort()).toEqual(["2946157123004", "29461571250"]);
    expect(readdirSync(world.home.path).sort()).toEqual(["archive", "portal.zip"]);
    expect((await world.verify()).code).toBe(0);
  });

  it("refuses zip bombs, whose files share their bytes, and zips that are cut, empty or none", async () => {
    const large = { ...good, data: wav({ seconds: 60 }) };
    const shared = (at: number) => ({ ...large, name: nameOf(`29461571240${at}`), shares: true });
    using world = openPortal([]);
    const folder = join(world.home.path, "zips");
    mkdirSync(folder);
    writeFileSync(join(folder, "bomb.zip"), zip([large, shared(10), shared(11)]));
    writeFileSync(join(folder, "cut.zip"), zip([good]).subarray(0, -60));
    writeFileSync(join(folder, "empty.zip"), "");
    writeFileSync(join(folder, "page.zip"), "<html>Log in</html>");
    const adopted = await world.adopt(folder);
    expect(adopted.code).toBe(3);
    for (const name of ["cut", "empty", "page"]) {
      expect(adopted.out).toMatch(new RegExp(`^unmatched: ${name}\\.zip: the zip is damaged`, "m"));
    }
    expect(adopted.out).toMatch(/^unmatched: bomb\.zip: .*29461571240.*zip bomb/m);
  });

  it("never takes a purged recording back, and restores a lost file", async () => {
    using world = openPortal([good]);
    expect((await world.adopt()).code).toBe(0);
    const [entry] = await world.held();
    const file = join(world.archive, String(entry?.path));
    const before = readFileSync(file);
    rmSync(file);
    expect((await world.adopt()).code).toBe(0);
    expect(readFileSync(file)).toEqual(before);
    const env = { HOME: world.home.path };
    const purged = await runHere(["purge", "2946157123004", "-d", world.archive, "--yes", "--reason", "asked"], {
      env,
    });
    expect(purged.code).toBe(0);
    const again = await world.adopt();
    expect([again.code, again.out]).toEqual([3, expect.stringContaining("purged")]);
    expect(world.home.files().filter((name) => name.endsWith(".mp3"))).toEqual([]);
  });
});
