import type { LedgerEntry } from "../model/ledger.ts";
import { isInsightsName, transcriptExtension } from "../transcripts/names.ts";
import type { Transcript } from "../transcripts/spoken.ts";
import type { CallGroup } from "./call-groups.ts";
import { partiesOf } from "./parties.ts";

/** A file of the archive that becomes the content of an object in a vCon. */
export interface Content {
  /** Relative to the archive. */
  readonly path: string;
  readonly mediatype: string;
  /** Put in as it is, where it is valid text. */
  readonly isText?: true;
  /** The permanent address of it, where it is referred to and not put in. */
  readonly url?: string;
}

/** Plain fields of a Dialog or Analysis Object, and the file that is its content. */
export interface FilledObject {
  readonly fields: Readonly<Record<string, unknown>>;
  readonly content: Content;
}

/** A vCon (draft-ietf-vcon-vcon-core, syntax 0.4.0) but for the contents of files. */
export interface VconParts {
  readonly head: Readonly<Record<string, unknown>>;
  readonly dialog: readonly FilledObject[];
  readonly analysis: readonly FilledObject[];
}

export interface VconSettings {
  readonly uuid: string;
  readonly createdMs: number;
  readonly startOf: (entry: LedgerEntry) => number;
  /** How many channels each leg's recording has. */
  readonly channels: readonly number[];
  /** The address of a recording, where the vCon refers to it. */
  readonly urlOf?: (key: string) => string;
}

/** The vCon of a call: who spoke, a dialog for each recording, an analysis for each transcript. */
export function vconOf(legs: CallGroup, { uuid, createdMs, startOf, channels, urlOf }: VconSettings): VconParts {
  const { parties, ofLegs } = partiesOf(legs.map(({ ref }) => ref.call));
  return {
    head: { vcon: "0.4.0", uuid, created_at: dateOf(createdMs), parties },
    dialog: legs.map((leg, at) => dialogOf(leg, inChannels(ofLegs[at] ?? [], channels[at] ?? 1), startOf(leg), urlOf)),
    analysis: legs.flatMap(({ transcripts = [] }, at) => transcripts.map((each) => analysisOf(each, at))),
  };
}

/** A list for each of several channels; nobody knows which of them is whose, so each has all. */
function inChannels(parties: readonly number[], channels: number): readonly (number | readonly number[])[] {
  return channels === 1 || parties.length === 0 ? parties : Array.from({ length: channels }, () => parties);
}

const systems = { ringcentral: "RingCentral", tim: "TIM Enterprise" } as const;

function dialogOf(
  { ref, stored }: LedgerEntry,
  parties: readonly (number | readonly number[])[],
  startMs: number,
  urlOf: VconSettings["urlOf"],
): FilledObject {
  const path = stored?.path ?? "";
  const mediatype = stored?.contentType ?? "application/octet-stream";
  const duration = stored?.audioSeconds;
  const fields = {
    type: "recording",
    start: dateOf(startMs),
    ...(duration !== undefined && { duration }),
    ...(parties.length > 0 && { parties }),
    mediatype,
    filename: nameOf(path),
    application: systems[ref.source],
  };
  return { fields, content: { path, mediatype, ...(urlOf && { url: urlOf(ref.key) }) } };
}

const mediatypes = {
  vtt: "text/vtt",
  srt: "application/x-subrip",
  json: "application/json",
  txt: "text/plain",
} as const;

function analysisOf({ path }: Transcript, dialog: number): FilledObject {
  const mediatype = mediatypes[transcriptExtension(path) ?? "txt"];
  const writer = isInsightsName(path) ? { vendor: "RingCentral", product: "RingSense" } : { vendor: "unknown" };
  const fields = { type: "transcript", dialog, mediatype, filename: nameOf(path), ...writer };
  return { fields, content: { path, mediatype, isText: true } };
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** RFC 3339, with a fraction of a second only where there is one, and without zeros at its end (RFC 8620, 1.4). */
function dateOf(ms: number): string {
  return new Date(ms).toISOString().replace(/\.?0*Z$/, "Z");
}
