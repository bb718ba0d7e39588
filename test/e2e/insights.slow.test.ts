import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { openSqlite } from "../../src/platform/sqlite.ts";
import type { RingCentralSandboxOptions } from "../../src/sandbox/ringcentral/index.ts";
import { start, until } from "../helpers/bin.ts";
import { runHere } from "../helpers/run-here.ts";
import { openRingCentralWorld, quickBudget } from "./ringcentral-world.ts";
import { eventsOf, finishedIn } from "./tim-world.ts";

const month = ["-s", "ringcentral", "--from", "30d", "--insights", "--json"];

async function openWorld(settings: RingCentralSandboxOptions["settings"] = {}, recordings = 3) {
  const data = { recordings, layout: "plain" as const, days: 2, seconds: [20, 30] as const };
  const world = await openRingCentralWorld({ data, settings: { limits: quickBudget(60), ...settings } });
  const { rc, archive, env } = world;
  return {
    ...world,
    callreel: (...args: string[]) => runHere([...args, "-d", archive], { env }),
    ids: rc.recordings().map(({ id }) => id),
    asked: () =>
      rc.events.all().filter((event) => "route" in event && event.kind === "request" && event.route === "insights")
        .length,
    texts: () => namesIn(archive).filter((path) => path.endsWith(".insights.json")),
    [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
  };
}

it("stand beside the audio: found by a word, shown, verified, exported, in the vCon, and gone to the last byte after a purge", async () => {
  await using world = await openWorld();
  const { callreel, archive, home, ids } = world;
  const some = await callreel("download", ...month, "--max-downloads", "1");
  expect([some.code, world.texts().length]).toEqual([8, 1]);
  const left = join(archive, ".callreel/partial", `ringcentral-${ids[0]}.text.0123456789ab-1.part`);
  const first = await callreel("download", ...month);
  expect([first.code, first.out]).toEqual([
    0,
    expect.stringContaining("Insights of 2 recordings are beside the audio."),
  ]);
  const [one, ...others] = eventsOf((await callreel("list", "--archive", "--text", "ferry ticket", "--json")).out) as {
    key: string;
    path: string;
    start: string;
    transcripts: { path: string; sha256: string }[];
  }[];
  expect([one?.transcripts[0]?.path, others]).toEqual([
    `${one?.path}.insights.json`,
    expect.objectContaining({ length: 2 }),
  ]);
  const kept = JSON.parse(readFileSync(join(archive, `${one?.path}.insights.json`), "utf8"));
  expect(kept.insights.Transcript[1]).toMatchObject({
    text: expect.stringContaining("ferry"),
    start: expect.any(Number),
  });
  expect((await callreel("verify")).code).toBe(0);
  const again = await callreel("download", ...month);
  expect([again.code, world.asked()]).toEqual([0, ids.length]);

  for (const flag of ["--plain", "--vcon"])
    expect((await callreel("export", one!.key, flag, join(home, flag))).code).toBe(0);
  expect(finishedIn(join(home, "--plain")).filter((path) => path.endsWith(".insights.json"))).toHaveLength(1);
  const [vcon = ""] = finishedIn(join(home, "--vcon"));
  const { analysis } = JSON.parse(readFileSync(vcon, "utf8"));
  expect(analysis).toMatchObject([{ type: "transcript", vendor: "RingCentral", product: "RingSense" }]);

  const rebuilt = await callreel("verify", "--rebuild");
  expect([rebuilt.code, rebuilt.err]).toEqual([0, expect.any(String)]);
  expect(eventsOf((await callreel("list", "--archive", "--text", "ferry ticket", "--json")).out)).toHaveLength(3);
  writeFileSync(left, "what a killed run left of a ferry");
  const keys = ids.map((id) => `ringcentral/${id}`);
  expect((await callreel("purge", ...keys, "--yes")).code).toBe(0);
  const remains = everyByteIn(archive);
  const numbers = ids.map((id) => world.rc.calls.byRecordingId(id)?.phone.slice(1) as string);
  expect(
    ["ferry", "Thursday", "rebook", ".insights.json", ...numbers].filter((word) => remains.includes(word)),
  ).toEqual([]);
});

it("where the user may not read them, recordings are whole, exit 0, and it is told once", async () => {
  await using world = await openWorld({ withheldPermissions: ["ReadRingSenseInsights"] });
  const { code, out } = await world.callreel("download", ...month);
  expect([code, world.asked(), world.held().size]).toEqual([0, 1, 3]);
  expect(out.match(/ReadRingSenseInsights/g)).toHaveLength(1);
});

it("an account without RingSense is told so, and not asked about each recording: nor the next night, and a few a day later", async () => {
  await using world = await openWorld({ insights: { licensed: false } }, 30);
  const { callreel, archive, rc } = world;
  const noLicence = /AGW-404.*the account seems to have no RingSense licence/g;
  const { code, out } = await callreel("download", ...month);
  const first = world.asked();
  expect([code, first <= 20, world.held().size, out.match(noLicence)?.length]).toEqual([0, true, 30, 1]);
  const again = await callreel("download", ...month);
  expect([again.code, world.asked(), again.out.match(noLicence)?.length]).toEqual([0, first, 1]);
  const [, doubt = ""] = /RingCentral's gateway knew.*?for (\d+) recordings/.exec(again.out) ?? [];
  expect(Number(doubt)).toBe(first);
  aDayLater(archive);
  const later = await callreel("download", ...month);
  expect([later.code, world.asked(), later.out.match(noLicence)?.length]).toEqual([0, first + 3, 1]);
  rc.settings.insights.licensed = true;
  aDayLater(archive);
  const licensed = await callreel("download", ...month);
  expect([licensed.code, licensed.out.match(/AGW-404/), world.texts().length]).toEqual([0, null, 30]);
});

it("a few answers of the gateway are told as what they may mean, and count for the next run", async () => {
  await using world = await openWorld({ insights: { licensed: false } }, 2);
  const { code, out } = await world.callreel("download", ...month);
  expect([
    code,
    world.asked(),
    out.match(/for 2 recordings: they may yet come, or the account has no/g)?.length,
  ]).toEqual([0, 2, 1]);
});

it("a gateway that knows nothing hides no role that lacks the permission", async () => {
  await using world = await openWorld(
    { insights: { licensed: false }, withheldPermissions: ["ReadRingSenseInsights"] },
    5,
  );
  const { code, out } = await world.callreel("download", ...month);
  expect([code, world.asked(), out.match(/user permission ReadRingSenseInsights/g)?.length]).toEqual([0, 1, 1]);
});

it("those that are not there yet are asked for later, not each time; a server's failure is no success, and comes next time", async () => {
  await using world = await openWorld({ insights: { missing: "all" } });
  const { callreel, rc, archive } = world;
  expect((await callreel("download", ...month)).code).toBe(0);
  rc.settings.insights.missing = "none";
  expect((await callreel("download", ...month)).code).toBe(0);
  expect([world.asked(), world.texts()]).toEqual([3, []]);
  const ledger = openSqlite(join(archive, ".callreel/ledger.db"));
  ledger.exec("UPDATE kept SET value = value - 86400000 * 2 WHERE name LIKE 'insights-asked:%'");
  ledger.close();
  const [first, second] = world.ids as [string, string];
  rc.settings.faults = [
    { route: "insights", ids: [first], kind: "status", status: 503 },
    { route: "insights", ids: [second], kind: "html" },
  ];
  const failed = await callreel("download", ...month, "-R", "0");
  expect([failed.code, world.texts().length]).toEqual([5, 1]);
  rc.settings.faults = [];
  expect([(await callreel("download", ...month)).code, world.texts().length]).toEqual([0, 3]);
});

it("watch fetches them minutes after the call, when they have been written", async () => {
  await using world = await openWorld({ callLog: { listDelaySeconds: 0 } });
  const { rc, archive, env } = world;
  const args = ["watch", "-s", "ringcentral", "-d", archive, "--insights", "--every", "200ms", "--json"];
  const watching = start(args, { env });
  await until(() => world.texts().length === 3, "the insights of the history");
  rc.addCalls(2, 3);
  await until(() => world.texts().length === 5, "those of two calls");
  watching.child.kill("SIGTERM");
  expect(await watching.finished).toMatchObject({ code: 0 });
  expect(rc.stats()).toMatchObject({ penalties: 0 });
  expect(world.asked()).toBe(5);
});

/** As if all that was asked of RingSense had been asked two days before. */
function aDayLater(archive: string): void {
  const ledger = openSqlite(join(archive, ".callreel/ledger.db"));
  ledger.exec(`
    UPDATE kept SET value = value - 86400000 * 9 WHERE name LIKE 'insights-asked:%';
    UPDATE kept SET value = json_set(value, '$.askedMs', json_extract(value, '$.askedMs') - 86400000 * 2)
    WHERE name LIKE 'insights-service:%'`);
  ledger.close();
}

function namesIn(archive: string): readonly string[] {
  return existsSync(archive) ? readdirSync(archive, { recursive: true, encoding: "utf8" }) : [];
}

function everyByteIn(folder: string): string {
  const entries = readdirSync(folder, { recursive: true, encoding: "utf8", withFileTypes: true });
  const bytes = entries
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), "latin1"));
  return [...entries.map(({ name }) => name), ...bytes].join("\n");
}
