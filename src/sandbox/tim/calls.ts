import { seededRandom } from "../audio/seeded-random.ts";

/** One row of the calls table, as its columns are named in the export. */
export interface CallRow {
  readonly datasource: string;
  readonly voicelocation: string | null;
  readonly voicefilename: string | null;
  /** Local to the site and without a zone: `2026-05-01 09:03:07.123`. */
  readonly start: string;
  /** Seconds. */
  readonly duration: string;
  readonly extension: string;
  readonly number: string | null;
  readonly name: string;
  readonly direction: string;
}

/** A call with a recording. */
export interface Call extends CallRow {
  readonly voicelocation: string;
  readonly voicefilename: string;
}

export interface CallsData {
  /** Rows of the table, those without a recording and the repeated ones included. */
  readonly rows: number;
  readonly seed?: string;
  /** The calls are spread over this many days before the sandbox is opened. */
  readonly days?: number;
  /** How long the calls are, in seconds. */
  readonly seconds?: readonly [min: number, max: number];
  /** The share of rows without a recording. */
  readonly unrecorded?: number;
  /** The share of rows that speak of a recording of an earlier row. */
  readonly repeated?: number;
  /** Exactly these calls; `rows` and the rest are not used then. */
  readonly calls?: readonly CallRow[];
}

/** Makes up a calls table, oldest call first: the same one for the same seed and end. */
export function makeCalls(data: CallsData, endMs: number): CallRow[] {
  if (data.calls) return [...data.calls];
  const { rows, seed = "tim", days = 30, unrecorded = 0.1, repeated = 0.06 } = data;
  const random = seededRandom(`calls ${seed}`);
  const step = (days * 86_400_000) / Math.max(1, rows);
  const calls: CallRow[] = [];
  for (let index = 0; index < rows; index++) {
    const startMs = Math.floor(endMs - (rows - index - random() * 0.9) * step);
    const kind = random();
    const earlier = calls[index - 1];
    if (kind < repeated && earlier?.voicefilename) calls.push(secondAgent(earlier, random));
    else calls.push(newCall(data, index, startMs, kind >= 1 - unrecorded, random));
  }
  return calls;
}

/** Names a recording in the statistics: the three columns, percent-encoded, joined by `/`. */
export function keyOf({
  datasource,
  voicelocation,
  voicefilename,
}: Pick<Call, "datasource" | "voicelocation" | "voicefilename">): string {
  return [datasource, voicelocation, voicefilename].map(encodeURIComponent).join("/");
}

export function isRecorded(row: CallRow): row is Call {
  return Boolean(row.datasource && row.voicelocation && row.voicefilename);
}

const places = ["3", "3", "3", "\\3\\", "7", "12"] as const;
const people = ["Reception", "Zoë Müller", "Smith, John", "José Nuñez", "François O’Neill", 'Ann "Annie" Lee', "Sales"];

function newCall(
  { seconds = [3, 40] }: CallsData,
  index: number,
  startMs: number,
  silent: boolean,
  random: () => number,
): CallRow {
  const person = Math.floor(random() * people.length);
  const [min, max] = seconds;
  const call = {
    datasource: places[Math.floor(random() * places.length)] ?? "3",
    voicelocation: random() < 0.8 ? "4" : "5",
    voicefilename: random() < 0.7 ? ncsId(index, random) : guid(random),
    start: localTime(startMs),
    duration: String(Math.round(min + random() * (max - min))),
    extension: String(201 + person).padStart(4, "0"),
    number: `0207946${String(Math.floor(random() * 10_000)).padStart(4, "0")}`,
    name: people[person] ?? "Sales",
    direction: random() < 0.6 ? "in" : "out",
  };
  if (!silent) return call;
  const absent = random() < 0.5 ? null : "";
  return { ...call, voicelocation: absent, voicefilename: absent };
}

/** A recording of a line, matched to the call of a second agent, to whom the first one hands it on. */
function secondAgent(earlier: CallRow, random: () => number): CallRow {
  const extension = String(301 + Math.floor(random() * 9)).padStart(4, "0");
  const startMs = Date.parse(`${earlier.start?.replace(" ", "T")}Z`) + Number(earlier.duration) * 1000;
  return { ...earlier, start: localTime(startMs), extension, name: "Second agent" };
}

function ncsId(index: number, random: () => number): string {
  const number = index.toString(16).padStart(8, "0");
  return `NCS${number}${hex(32, random)}`.toUpperCase();
}

function guid(random: () => number): string {
  return [8, 4, 4, 4, 12].map((length) => hex(length, random)).join("-");
}

function hex(length: number, random: () => number): string {
  return Array.from({ length }, () => Math.floor(random() * 16).toString(16)).join("");
}

function localTime(ms: number): string {
  return new Date(ms).toISOString().replace("T", " ").slice(0, 23);
}
