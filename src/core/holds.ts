import { fitsWords, type WordFilter } from "./archive-fit.ts";
import { momentText } from "./local-time.ts";
import { RecordingError } from "./model/errors.ts";
import type { Selection } from "./model/ports.ts";
import type { Call, RecordingKey, RecordingRef, SourceName } from "./model/recording.ts";
import { inWindow } from "./selection.ts";
import { printable } from "./text.ts";

/** What a legal hold keeps: one recording, or every one that fits, also those that come later. */
export interface HoldRule extends Omit<WordFilter, "wholeNumber"> {
  readonly key?: RecordingKey;
  readonly source?: SourceName;
  readonly window?: Pick<Selection, "fromMs" | "toMs" | "fromLocal" | "toLocal">;
}

/** A legal hold in force. */
export interface Hold {
  /** `hold-3`. */
  readonly name: string;
  /** When it was placed: milliseconds since 1970. */
  readonly atMs: number;
  /** Absent when the ledger's record of it is damaged: then it keeps everything. */
  readonly rule?: HoldRule;
  readonly reason?: string;
  /** Who placed it, and on which computer. */
  readonly by?: string;
  readonly host?: string;
}

/** The holds that keep a recording from being purged. */
export function holdsOver(holds: readonly Hold[], ref: Pick<RecordingRef, "key" | "source" | "id" | "call">): Hold[] {
  return holds.filter(({ rule }) => rule === undefined || covers(rule, ref));
}

/** Whether a rule keeps a recording. What a call does not tell may be what the rule asks for: it is kept. */
export function covers(rule: HoldRule, ref: Pick<RecordingRef, "key" | "source" | "id" | "call">): boolean {
  const { key, source, window, ...words } = rule;
  if (key !== undefined) return ref.key === key;
  const { start } = ref.call;
  return (
    (source === undefined || ref.source === source) &&
    (window === undefined || start === undefined || inWindow(start, window)) &&
    fitsWords({ ...ref, locator: {} }, toldOf(words, ref.call))
  );
}

/** The words that a call can be held against. */
function toldOf({ number, direction, extension, ...words }: WordFilter, call: Call): WordFilter {
  const hasNumber = call.from !== undefined || call.to !== undefined || call.extension !== undefined;
  return {
    ...words,
    ...(number !== undefined && hasNumber && { number }),
    ...(direction !== undefined && call.direction !== undefined && { direction }),
    ...(extension !== undefined && call.extension !== undefined && { extension }),
  };
}

/** Why nothing is purged after a rebuild that could not read all holds; `lost` is what it could not read. */
export function holdsAreLost(lost: string): RecordingError {
  return new RecordingError(
    "ledger",
    `Nothing is purged: legal holds may be lost, because a rebuild could not read ${lost}. Look at \`callreel hold list\` and \`callreel audit --action hold-add\`, add again what is missing, then run \`callreel hold confirm\`.`,
  );
}

/** A rule as people read it, with its times in `timezone`. */
export function ruleInWords(rule: HoldRule | undefined, timezone: string | undefined): string {
  if (rule === undefined) return "everything, because its record is damaged";
  const { key, source, window, number, name, text, direction, extension } = rule;
  if (key !== undefined) return `recording ${printable(key)}`;
  const at = (ms: number) => momentText(ms, timezone);
  const words = [
    source,
    direction,
    number && `number ${number}`,
    extension && `extension ${extension}`,
    name && `name "${name}"`,
    text && `text "${text}"`,
    window?.fromMs === undefined ? undefined : `calls from ${at(window.fromMs)}`,
    window?.toMs === undefined ? undefined : `calls before ${at(window.toMs)}`,
  ].filter((word) => word !== undefined);
  return printable(words.join(", "));
}

/** The same rule always in the same text, as the ledger keeps it. */
export function ruleText(rule: HoldRule): string {
  return JSON.stringify(Object.fromEntries(Object.entries(rule).sort(([a], [b]) => (a < b ? -1 : 1))));
}

/** The rule that a text of `ruleText` tells; undefined when it is none that this version understands. */
export function ruleOf(text: string): HoldRule | undefined {
  try {
    const rule = JSON.parse(text) as Record<string, unknown>;
    const known = Object.entries(rule).every(([name, value]) =>
      name === "window" ? isWindow(value) : texts.has(name) && typeof value === "string",
    );
    return known && Object.keys(rule).length > 0 ? (rule as HoldRule) : undefined;
  } catch {
    return undefined;
  }
}

const texts: ReadonlySet<string> = new Set(["key", "source", "number", "name", "text", "direction", "extension"]);
const bounds: Readonly<Record<string, string>> = {
  fromMs: "number",
  toMs: "number",
  fromLocal: "string",
  toLocal: "string",
};

function isWindow(value: unknown): boolean {
  return (
    typeof value === "object" &&
    value !== null &&
    Object.entries(value).every(([name, at]) => bounds[name] === typeof at)
  );
}
