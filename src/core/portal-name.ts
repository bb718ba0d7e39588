import type { NamedFile } from "./name-pattern.ts";
import type { Call, Direction } from "./recording.ts";

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
  const extension = known(cut < 0 ? parties : parties.slice(0, cut));
  const other = known(cut < 0 ? "" : parties.slice(cut + 1));
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
  return { id: known(id) ?? "", source: "ringcentral", call: told };
}

function directionOf(way: string): Direction {
  if (way === "internal") return way;
  return way.startsWith("in") ? "inbound" : "outbound";
}

function known(text: string): string | undefined {
  return text === "" || nobody.test(text) ? undefined : text;
}

/** What stands in place of a party who is not told. */
const nobody = /^(?:unknown|anonymous|private|restricted|unavailable|withheld|blocked)(?: (?:number|caller))?$/i;
