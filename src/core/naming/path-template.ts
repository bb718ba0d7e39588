import { type LocalTime, localTime, type Zone } from "../local-time.ts";
import { RecordingError } from "../model/errors.ts";
import type { RecordingRef } from "../model/recording.ts";
import { byteLength, cutToBytes, safeComponent, safeLiteral, safeText } from "./safe-name.ts";

/** Stands in a path for the file name extension until the bytes tell it. No field value can contain it. */
export const extensionMark = "{ext}";

export const defaultTemplate = "{source}/{year}/{month}/{day}/{date}_{time}_{direction}_{from}_{to}_{id}.{ext}";

export interface PathOptions {
  /** Plain ASCII names only. */
  readonly restrict: boolean;
  /** Zone in which starts that are instants are written; without it they are written as the source gave them. */
  readonly timezone?: Zone;
  /** SHA-256 of a text's UTF-8 bytes in hex, as the platform has it. */
  readonly sha256: (text: string) => string;
}

/** Throws `usage` when `template` names an unknown field or could lead out of the archive. */
export function checkTemplate(template: string): void {
  const fault = templateFault(template);
  if (fault !== undefined) {
    throw new RecordingError("usage", `--output ${JSON.stringify(template)}: ${fault}`);
  }
}

/**
 * Where a recording goes: a relative path with `/`, safe on every system, which no other recording can get, whatever its
 * fields say and however the file system treats case. The last component always holds the id.
 */
export function pathFor(template: string, ref: RecordingRef, options: PathOptions): string {
  const { folders, file, fields: used } = prepared(template, options.restrict);
  const values = fieldValues(ref, used, options);
  let path = "";
  for (const folder of folders) path += `${safeComponent(filled(folder, values, longestName))}/`;
  return path + fileName(file, ref, values, options.sha256);
}

interface Prepared {
  readonly template: string;
  readonly restrict: boolean;
  readonly folders: readonly Pieces[];
  readonly file: FileTemplate;
  readonly fields: readonly string[];
}

/** A template taken apart: texts, and fields by their place among the values. */
type Pieces = readonly (string | number)[];
/** Of the fields in use, in their order. */
type Values = readonly string[];

interface FileTemplate {
  readonly stem: Pieces;
  readonly ending: string;
  /** Whether an id that is all digits tells the name from every other. */
  readonly tellsIds: boolean;
}

let latest: Prepared | undefined;

/** A run names every recording by one template: what can be known without a recording is worked out once. */
function prepared(template: string, restrict: boolean): Prepared {
  if (latest?.template === template && latest.restrict === restrict) return latest;
  const components = template.split("/").map((component) => safeTemplate(component, restrict));
  const last = components.pop() as string;
  const named = last.includes("{id}") ? last : beforeExtension(last, "_{id}");
  const [stem, ending] = splitExtension(named);
  const used = [...new Set(["id", ...[...template.matchAll(fieldPattern)].map((match) => match[1] as string)])];
  latest = {
    template,
    restrict,
    folders: components.map((text) => piecesOf(text, used)),
    file: { stem: piecesOf(stem, used), ending, tellsIds: idTellsNames(named) },
    fields: used,
  };
  return latest;
}

function piecesOf(template: string, used: readonly string[]): Pieces {
  return template
    .split(/(\{[^{}]*\})/)
    .filter((text) => text !== "")
    .map((text) => (text === extensionMark || !text.startsWith("{") ? text : used.indexOf(text.slice(1, -1))));
}

/** The template with the text between its fields made as safe as their values. */
function safeTemplate(template: string, restrict: boolean): string {
  return template.replace(betweenFields, (text) => safeLiteral(text, restrict));
}

const betweenFields = /(?<=^|\})[^{}]+/g;
const fieldPattern = /\{([^{}]*)\}/g;
/** Fields whose values cannot imitate an id: digits, small letters and `-` only. */
const tame = new Set(["date", "time", "year", "month", "day", "duration", "direction", "source", "ext"]);
const fields = new Set([
  ...["source", "account", "id", "date", "time", "year", "month", "day", "direction", "from", "to", "extension"],
  ...["user", "name", "duration", "type", "session", "datasource", "voicelocation", "ext"],
]);

/** Bytes of a name: 255 less the longest ending put in place of, or behind, the extension mark (`.info.json`). */
const longestName = 240;
/** Bytes of an id in a name; longer ones are cut and told apart by the fingerprint. */
const longestId = 120;
const longestLiteral = 80;

function templateFault(template: string): string | undefined {
  const unknown = [...template.matchAll(fieldPattern)].map((match) => match[1] as string).filter((f) => !fields.has(f));
  if (unknown.length > 0)
    return `unknown field {${unknown[0]}}; there are ${[...fields].map((f) => `{${f}}`).join(" ")}.`;
  const literal = template.replace(fieldPattern, "x");
  if (/[{}]/.test(literal)) return "a brace stands alone; fields are written {like} {this}.";
  if (template.trim() === "" || template.endsWith("/")) return "it must end in a file name.";
  if (/^\/|^[A-Za-z]:/.test(template)) return "it must be relative; --dest says where the archive is.";
  if (/\\/.test(template)) return "folders are separated by /, not by \\.";
  if (template.split("/").some((part) => /^\.*$/.test(part.trim())))
    return 'it must not contain "..", "." or empty folders.';
  if (template.split("/").some((part) => byteLength(part.replace(fieldPattern, "")) > longestLiteral)) {
    return `the text between fields is longer than ${longestLiteral} bytes in one folder or file name.`;
  }
  if (template.split("/").some((part) => part.split("{id}").length > 2)) return "{id} appears twice in one name.";
  return undefined;
}

const timeFields: ReadonlySet<string> = new Set(["date", "time", "year", "month", "day"]);

function fieldValues(ref: RecordingRef, used: readonly string[], { restrict, timezone }: PathOptions): Values {
  const time = used.some((field) => timeFields.has(field)) ? localTime(ref.call.start, timezone) : {};
  return used.map((field) => safeText(fieldValue(field, ref, time) ?? "", restrict) || "unknown");
}

function fieldValue(field: string, { source, id, call, locator }: RecordingRef, time: Partial<LocalTime>) {
  switch (field) {
    case "source":
      return source;
    case "id":
      return cutToBytes(id, longestId);
    case "direction":
      return /^[a-z]+$/.test(call.direction ?? "") ? call.direction : undefined;
    case "duration":
      return seconds(call.duration);
    case "datasource":
    case "voicelocation":
      return locator[field];
    case "date":
    case "time":
    case "year":
    case "month":
    case "day":
      return time[field];
    default:
      return call[field as "account" | "from" | "to" | "extension" | "user" | "name" | "type" | "session"];
  }
}

function seconds(duration: number | undefined): string | undefined {
  return duration !== undefined && duration >= 0 && duration < 1e9 ? String(Math.round(duration)) : undefined;
}

function fileName(
  { stem, ending, tellsIds }: FileTemplate,
  ref: RecordingRef,
  values: Values,
  sha256: PathOptions["sha256"],
): string {
  const isTold = tellsIds && ref.source === "ringcentral" && /^\d{1,40}$/.test(ref.id);
  const mark = isTold ? "" : `_${fingerprint(sha256(ref.key))}`;
  const room = longestName - byteLength(mark) - byteLength(ending);
  return safeComponent(`${filled(stem, values, room)}${mark}${ending}`);
}

function beforeExtension(template: string, text: string): string {
  const [stem, ending] = splitExtension(template);
  return `${stem}${text}${ending}`;
}

/** A file name's template and its ending, which is `.{ext}` or a literal one like `.audio`. */
function splitExtension(template: string): [string, string] {
  const at = /\.(?:\{ext\}|[A-Za-z0-9]{1,10})$/.exec(template)?.index ?? template.length;
  return [template.slice(0, at), template.slice(at)];
}

/**
 * Whether an id that is all digits tells the name from every other: it is the last thing in the name but for fields that
 * cannot imitate one, and those are set off by something that they cannot contain.
 */
function idTellsNames(template: string): boolean {
  const at = template.lastIndexOf("{id}");
  const front = template.slice(0, at);
  const tail = template.slice(at + "{id}".length);
  if (front !== "" && !/[^0-9{}]$/.test(front)) return false;
  return /^(?:[^0-9a-z{}-][^{}]*\{[a-z]+\})*(?:[^0-9{}][^{}]*)?$/.test(tail) && allTame(tail);
}

function allTame(template: string): boolean {
  return [...template.matchAll(fieldPattern)].every((match) => tame.has(match[1] as string));
}

/** Twelve letters of the key's hash that stand for it: no digits, so that they are never taken for an id, and no vowels. */
function fingerprint(hash: string): string {
  return hash.slice(0, 12).replace(/[0-9a-f]/g, (digit) => "bcdfghjklmnpqrst"[Number.parseInt(digit, 16)] as string);
}

/** The template with its values; the longest values but the id give way until it fits into `room` bytes. */
function filled(template: Pieces, values: Values, room: number): string {
  const whole = fill(template, values);
  if (byteLength(whole) <= room) return whole;
  let best = fill(template, cutValues(values, 0));
  for (let low = 1, high = room; low <= high; ) {
    const most = (low + high) >>> 1;
    const text = fill(template, cutValues(values, most));
    if (byteLength(text) <= room) {
      best = text;
      low = most + 1;
    } else high = most - 1;
  }
  return best;
}

/** The id comes first among the fields, and stays whole. */
function cutValues(values: Values, most: number): Values {
  return values.map((value, at) => (at === 0 ? value : cutToBytes(value, most)));
}

function fill(template: Pieces, values: Values): string {
  let text = "";
  for (const piece of template) text += typeof piece === "string" ? piece : (values[piece] as string);
  return text;
}
