import { RecordingError } from "../model/errors.ts";
import type { Call, Direction } from "../model/recording.ts";

/** What a file's name tells of its recording. */
export interface NamedFile {
  readonly id: string;
  readonly source?: string;
  /** Its start is as the name has it: local, without a zone. */
  readonly call: Call;
}

/**
 * Reads file names that were made by `pattern` (a template such as `{date}_{time}_{id}.{ext}`); undefined for others.
 * A pattern with folders is held against the end of the whole path, one without against the file's name alone.
 */
export function openNamePattern(pattern: string): (path: string) => NamedFile | undefined {
  const expression = expressionOf(pattern);
  return (path) => {
    const found = expression.exec(path)?.groups;
    return found === undefined ? undefined : namedFile(found);
  };
}

/** What each field can look like; all others may hold anything but a folder. */
const shapes: Readonly<Record<string, string>> = {
  id: "[^/]+?",
  source: "ringcentral|tim",
  date: "\\d{4}[-.]?\\d\\d[-.]?\\d\\d",
  time: "\\d\\d[-.:]?\\d\\d(?:[-.:]?\\d\\d)?",
  year: "\\d{4}",
  month: "\\d\\d",
  day: "\\d\\d",
  direction: "inbound|outbound|internal|unknown",
  duration: "\\d+|unknown",
  ext: "[A-Za-z0-9]{1,5}",
};
/** What callreel puts behind an id that could imitate another. */
const fingerprint = "(?:_[b-df-hj-np-t]{12})?";

function expressionOf(pattern: string): RegExp {
  const used = new Set<string>();
  const body = pattern.split(/(\{\w+\})/).map((part) => {
    const field = /^\{(\w+)\}$/.exec(part)?.[1];
    if (field === undefined) return part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
    const shape = shapes[field] ?? "[^/]*?";
    const again = used.has(field);
    used.add(field);
    return `${again ? `(?:${shape})` : `(?<${field}>${shape})`}${field === "id" ? fingerprint : ""}`;
  });
  if (!used.has("id") || /[{}]/.test(pattern.replace(/\{\w+\}/g, ""))) {
    throw new RecordingError(
      "usage",
      `The pattern "${pattern}" must name the place of {id}, as in {date}_{time}_{id}.{ext}.`,
    );
  }
  return new RegExp(`(?:^|/)${body.join("")}$`, "u");
}

function namedFile(found: Readonly<Record<string, string | undefined>>): NamedFile {
  const { id = "", source, date, time, direction, from, to, extension, name, duration } = found;
  const start = startOf(date ?? [found.year, found.month, found.day].join("-"), time);
  const call: Record<string, string | number | undefined> = {
    start,
    direction: known(direction) as Direction | undefined,
    from: known(from),
    to: known(to),
    extension: known(extension),
    name: known(name),
    duration: known(duration) === undefined ? undefined : Number(duration),
  };
  const told = Object.fromEntries(Object.entries(call).filter(([, value]) => value !== undefined)) as Call;
  return { id, ...(source === undefined ? {} : { source }), call: told };
}

function known(text: string | undefined): string | undefined {
  return text === undefined || text === "" || text === "unknown" ? undefined : text;
}

function startOf(date: string, time: string | undefined): string | undefined {
  const [, year, month, day] = /^(\d{4})\D?(\d\d)\D?(\d\d)$/.exec(date) ?? [];
  const [, hour, minute, second = "00"] = /^(\d\d)\D?(\d\d)(?:\D?(\d\d))?$/.exec(time ?? "") ?? [];
  if (day === undefined) return undefined;
  return hour === undefined ? `${year}-${month}-${day}` : `${year}-${month}-${day}T${hour}:${minute}:${second}`;
}

/** What `--match` is given for the names of RingCentral's portal. */
export const portalPattern = "ringcentral-portal";

const portalName =
  /^(\d{4})(\d\d)(\d\d)-(\d\d)(\d\d)(\d\d)_(.*)_(incoming|outgoing|inbound|outbound|internal)(?:_([a-z -]*?))?(?:_(\d{1,40}|unknown)?)?(?: ?\(\d+\)| - copy)*(?:\.[a-z\d]{1,5})?$/iu;

/**
 * Reads a name that RingCentral's portal gives to a recording,
 * `20251104-133555_302_(252)555-8686_Outgoing_Auto_{id}.mp3`: local start, extension, the other party, direction, type.
 * The file's own extension may be missing, a browser may have put ` (1)` behind it, and the id, then empty, may not be
 * there. Undefined for other names.
 */
export function readPortalName(path: string): NamedFile | undefined {
  const found = portalName.exec(path.slice(path.lastIndexOf("/") + 1));
  if (found === null) return undefined;
  const [, year, month, day, hour, minute, second, parties = "", way = "", type = "", id = ""] = found;
  const cut = parties.indexOf("_");
  const extension = knownPart(cut < 0 ? parties : parties.slice(0, cut));
  const other = knownPart(cut < 0 ? "" : parties.slice(cut + 1));
  const direction = directionOf(way.toLowerCase());
  const [from, to] = direction === "inbound" ? [other, extension] : [extension, other];
  const call: { readonly [field in keyof Call]: Call[field] | undefined } = {
    start: `${year}-${month}-${day}T${hour}:${minute}:${second}`,
    direction,
    from,
    to,
    extension,
    type: /^auto/i.test(type) ? "Automatic" : /demand/i.test(type) ? "OnDemand" : undefined,
  };
  const told = Object.fromEntries(Object.entries(call).filter(([, value]) => value !== undefined)) as Call;
  return { id: knownPart(id) ?? "", source: "ringcentral", call: told };
}

function directionOf(way: string): Direction {
  if (way === "internal") return way;
  return way.startsWith("in") ? "inbound" : "outbound";
}

function knownPart(text: string): string | undefined {
  return text === "" || nobody.test(text) ? undefined : text;
}

/** What stands in place of a party who is not told. */
const nobody = /^(?:unknown|anonymous|private|restricted|unavailable|withheld|blocked)(?: (?:number|caller))?$/i;
