import { readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { openSandboxClock } from "../../src/sandbox/clock.ts";
import { callsCsv } from "../../src/sandbox/tim/calls-csv.ts";
import { runHere } from "../helpers/run-here.ts";
import { launchChromium, visitPage } from "../player/chromium.ts";
import { openRingCentralWorld, quickBudget } from "./ringcentral-world.ts";
import { eventsOf, finishedIn, openTimWorld, sha256 } from "./tim-world.ts";

interface Line {
  readonly kind: string;
  readonly key?: string;
  readonly open: boolean;
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

interface Report {
  readonly counts: Readonly<Record<string, number>>;
  readonly gaps: readonly Line[];
  readonly recordings: readonly Line[];
  readonly head: string;
}

const month = ["--month", "2026-03", "--utc"];
const kindOf = ({ kind, key }: Partial<Line>) => `${key ?? "no key"} ${kind}`;

/** Both systems on the first morning of April 2026, with an archive of March in which each kind of gap is. */
async function openMarch() {
  const clock = openSandboxClock(Date.parse("2026-04-01T00:30:00Z"));
  const data = {
    endMs: Date.parse("2026-03-30T20:00:00Z"),
    days: 25,
    recordings: 17,
  };
  const settings = { limits: quickBudget(200), content: { retentionDays: 30 } };
  const world = await openRingCentralWorld({ clock, data, settings });
  const { rc, archive, home } = world;
  const many = { unrecorded: 0, repeated: 0, days: 20 };
  const tim = await openTimWorld(6, {}, many, clock);
  const tool = (verb: string, ...args: string[]) => {
    return runHere([verb, "-d", archive, ...args], {
      env: { ...tim.env, ...world.env },
      aheadMs: clock.now() - Date.now(),
    });
  };

  const young = rc.calls.add(Date.parse("2026-03-31T23:35:00Z"), {
    durationSeconds: 60,
  });
  const ids = rc.recordings().filter(({ startMs }) => startMs < data.endMs && startMs > data.endMs - 25 * 86_400_000);
  const [failed, proven, unproven, forbidden, lost, cut, rotten, purged, brief, extra] = ids.map(({ id }) => id);
  rc.settings.faults.push(
    {
      route: "content",
      kind: "status",
      times: 0,
      ids: [String(failed)],
      status: 500,
    },
    ...[proven, unproven].map((id) => {
      const words = {
        status: 404,
        code: "CMN-102",
        parameterName: "recordingId",
      };
      return {
        route: "content",
        kind: "status",
        times: 0,
        ids: [String(id)],
        ...words,
      } as const;
    }),
    {
      route: "content",
      kind: "status",
      times: 0,
      ids: [String(forbidden)],
      status: 403,
      code: "CMN-408",
    },
  );
  rc.settings.content.notReady = {
    chosen: { ids: young.recordings },
    afterSeconds: 36_000,
  };
  rc.settings.content.brief = { chosen: { ids: [String(brief)] }, seconds: 3 };
  const rows = tim.tim.rows().map((row, at) => {
    return {
      ...row,
      ...(at === 1 && { duration: "600" }),
      ...(at > 3 && { start: "" }),
    };
  });
  for (const at of [2, 5]) {
    const recording = rows[at]?.voicefilename ?? "";
    tim.tim.settings.faults.push({
      on: "echo",
      do: "status",
      status: 500,
      times: 0,
      recording,
    });
  }
  const shortCall = join(home, "short.ndjson");
  const short = {
    id: "AbCdEf123456789",
    sessionId: "300",
    type: "Voice",
    shortRecording: true,
    startTime: "2026-03-05T10:00:00Z",
    duration: 4,
    direction: "Inbound",
  };
  writeFileSync(shortCall, `${JSON.stringify(short)}\n`);
  const csv = join(home, "calls.csv");
  writeFileSync(csv, callsCsv(rows));
  const fromTim = ["-s", "tim", "--rows", csv];
  const fromRc = ["-s", "ringcentral"];

  expect((await tool("download", ...fromRc, ...month, "-R", "0")).code).toBe(3);
  expect((await tool("download", ...fromTim, "-R", "0")).code).toBe(3);
  const held = JSON.parse((await tool("report", ...month, "--json")).out) as Report;
  const pathOf = (id: string | undefined) => {
    const path = held.recordings.find(({ key }) => key === `ringcentral/${id}`)?.path;
    return join(archive, String(path));
  };
  rmSync(pathOf(lost));
  truncateSync(pathOf(cut), 100);
  const bytes = readFileSync(pathOf(rotten));
  writeFileSync(pathOf(rotten), bytes.fill(7, bytes.length - 9));
  expect((await tool("verify")).code).toBe(6);
  expect((await tool("purge", String(purged), "--yes", "--reason", "asked by letter")).code).toBe(0);
  clock.advance(25 * 3_600_000);
  expect((await tool("download", String(proven), "--retry-gone", "-R", "0")).code).toBe(0);
  // Old enough to be past retention, and listed only now.
  rc.calls.add(Date.parse("2026-03-01T06:00:00Z"));
  const unlisted = rc.recordings().find(({ id }) => id === extra);
  rc.settings.callLog.deleted = { ids: [String(unlisted?.recordId)] };
  const close = async () => {
    await tim[Symbol.asyncDispose]();
    await world[Symbol.asyncDispose]();
  };
  return {
    home,
    archive,
    tool,
    fromRc,
    fromTim,
    shortCall,
    [Symbol.asyncDispose]: close,
  };
}

test("a month with every kind of gap: reconcile, report in each format, the printed page and the disk agree", async () => {
  await using march = await openMarch();
  const { home, archive, tool, fromRc, fromTim } = march;
  const compare = async (name: string, ...args: string[]) => {
    const file = join(home, `${name}.json`);
    const { code, out } = await tool("reconcile", ...args, "--json", "--report", file);
    const found = eventsOf(out).filter(({ event }) => event === "finding") as unknown as readonly Line[];
    const live = JSON.parse(readFileSync(file, "utf8")) as Report;
    // Whatever reconcile tells is a gap of its own report, and nothing else is.
    expect(found.map(kindOf).toSorted()).toEqual(live.gaps.map(kindOf).toSorted());
    expect(live.counts).toMatchObject(countsOf(live.gaps));
    return { code, found };
  };
  const rc = await compare("ringcentral", ...fromRc, ...month);
  const tim = await compare("tim", ...fromTim, ...month);
  const short = await compare(
    "short",
    ...fromRc,
    "--rows",
    march.shortCall,
    "--from",
    "2026-03-05T09:00Z",
    "--to",
    "2026-03-05T11:00Z",
  );
  expect([rc.code, tim.code, short.code]).toEqual([6, 3, 6]);
  const found = [...rc.found, ...tim.found];
  expect(new Set([...found, ...short.found].map(({ kind }) => kind))).toEqual(new Set(kinds));

  const [page, csv, json] = ["html", "csv", "json"].map((name) => join(home, `march.${name}`)) as [
    string,
    string,
    string,
  ];
  const { code, err } = await tool("report", ...month, "--html", page, "--csv", csv, "--json", json);
  const report = JSON.parse(readFileSync(json, "utf8")) as Report;
  expect([code, err]).toEqual([6, expect.stringContaining(`${report.counts.open} recordings are open: `)]);
  // The ledger alone knows neither what only the source's list has nor what that list lacks; undated calls it does.
  const known = found.filter(({ kind }) => !onlyListed.has(kind)).map(kindOf);
  const undated = report.gaps.filter(({ kind }) => kind === "undated");
  expect(report.gaps.map(kindOf).toSorted()).toEqual([...known, ...undated.map(kindOf)].toSorted());
  expect([undated.length, undated.filter(({ path }) => path !== undefined).length]).toEqual([2, 1]);
  expect(report.counts).toMatchObject(countsOf(report.gaps));
  expect(report.counts.held).toBe(report.recordings.length);
  const lines = linesOf(report);
  expect(report.counts.calls).toBe(lines.length - undated.length);
  expect(readFileSync(csv, "utf8").trimEnd().split("\r\n").slice(1).map(startOfCsv).toSorted()).toEqual(
    lines.map(({ kind, open, key }) => `${kind},${open},${key}`).toSorted(),
  );
  await expectPage(page, report);

  // On the disk is what is held, what is damaged and the undated one, and nothing else.
  for (const { path, bytes, sha256: sum } of report.recordings) {
    const held = readFileSync(join(archive, path));
    expect([path, held.length, sha256(held)]).toEqual([path, bytes, sum]);
  }
  const there = lines.filter(({ path }) => path !== undefined && statOf(join(archive, path)) !== undefined);
  expect(
    finishedIn(archive)
      .map((file) => relative(archive, file))
      .toSorted(),
  ).toEqual(there.map(({ path }) => path).toSorted());
  expect(
    there
      .map(({ kind }) => kind)
      .filter((kind) => kind !== "held")
      .toSorted(),
  ).toEqual(["damaged", "damaged", "short", "short", "undated"]);
});

const kinds = ["missing", "not-ready", "damaged", "forbidden", "gone", "purged", "short", "extra", "unprovable"].concat(
  "short-recording",
);
const onlyListed = new Set(["extra", "unprovable", "short-recording"]);

/** Each recording of the period once: those that are too short stand in both lists. */
function linesOf({ gaps, recordings }: Report): readonly Line[] {
  return [...gaps, ...recordings.filter(({ kind }) => kind === "held")];
}

/** What a report has to count when these are its gaps. */
function countsOf(gaps: readonly Line[]): Readonly<Record<string, number>> {
  const count = (wanted: string) => gaps.filter(({ kind }) => kind === wanted).length;
  return {
    missing: count("missing"),
    notReady: count("not-ready"),
    damaged: count("damaged"),
    forbidden: count("forbidden"),
    gone: count("gone"),
    goneUnproven: gaps.filter(({ kind, open }) => kind === "gone" && open).length,
    purged: count("purged"),
    short: count("short"),
    extra: count("extra"),
    unprovable: count("unprovable"),
    shortRecording: count("short-recording"),
    undated: count("undated"),
    open: gaps.filter(({ open }) => open).length,
  };
}

function startOfCsv(line: string): string {
  return line.split(",", 3).join(",");
}

function statOf(path: string) {
  return statSync(path, { throwIfNoEntry: false });
}

/** The page in a browser, and printed: its figures and tables have as many as the report counts. */
async function expectPage(file: string, { counts }: Report): Promise<void> {
  const browser = await launchChromium();
  try {
    const { page, complaints } = await visitPage(browser, pathToFileURL(file).href, 320);
    expect([complaints, await page.evaluate("document.scrollingElement.scrollWidth - innerWidth")]).toEqual([[], 0]);
    const figures = await page
      .locator(".figures dd")
      .evaluateAll((all) => all.map((each) => parseInt(each.firstChild?.textContent ?? "", 10)));
    const { calls, held, missing, gone, short, damaged } = counts;
    expect(figures).toEqual([calls, held, missing, gone, short, damaged]);
    const rows = await page
      .locator(".lines table")
      .evaluateAll((all) => all.map((each) => each.querySelectorAll("tbody tr").length));
    const gaps = Number(calls) - Number(held) + Number(counts.undated);
    expect(rows).toEqual([gaps, short, held]);
    const red = await page.locator(".lines td.kind.open").count();
    expect(red).toBe(Number(counts.open) - Number(short));
    // No cell's text runs into the next one, on a phone either.
    const crossing = await page
      .locator(".lines td, .lines th")
      .evaluateAll((all) =>
        all.filter((each) => each.scrollWidth > each.clientWidth + 1).map((each) => each.textContent),
      );
    expect(crossing).toEqual([]);
    const pdf = (await page.pdf({ format: "A4" })).toString("latin1");
    expect(pdf.match(/\/Type ?\/Page\b/g)?.length).toBeGreaterThan(2);
    const shots = process.env.REPORT_SHOTS;
    if (shots) {
      await page.screenshot({
        path: join(shots, "march-320.png"),
        fullPage: true,
      });
      writeFileSync(join(shots, "march.html"), readFileSync(file));
    }
  } finally {
    await browser.close();
  }
}
