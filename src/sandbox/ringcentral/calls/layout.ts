/** What is particular about a call. The sandbox repeats the list below, so every twenty calls show each kind. */
export type CallKind =
  | "plain"
  | "internal"
  | "masked"
  | "unicode"
  | "short"
  | "repeated"
  | "leg-only"
  | "transfer"
  | "shared-first"
  | "shared-second"
  | "fax"
  | "missed"
  | "explicit-port"
  | "no-duration"
  | "on-demand"
  | "voicemail"
  | "queue";

/** A block of kinds that repeats, with how many recordings come before each position. */
export interface Layout {
  readonly kinds: readonly CallKind[];
  readonly before: readonly number[];
  /** Recordings in one block. */
  readonly recordings: number;
}

/** `varied` shows every kind of record; `plain` has one recording on every record. */
export type LayoutName = "varied" | "plain";

/** The layout of this name. */
export function layoutNamed(name: LayoutName): Layout {
  return layouts[name];
}

/** How many recordings a call of this kind has. */
export function recordingsOf(kind: CallKind): number {
  if (kind === "transfer") return 2;
  return without.includes(kind) ? 0 : 1;
}

const without: readonly CallKind[] = ["short", "fax", "missed", "voicemail"];

const varied: readonly CallKind[] = [
  "plain",
  "internal",
  "masked",
  "unicode",
  "short",
  "repeated",
  "leg-only",
  "transfer",
  "shared-first",
  "shared-second",
  "fax",
  "missed",
  "explicit-port",
  "no-duration",
  "on-demand",
  "voicemail",
  "plain",
  "plain",
  "queue",
  "plain",
];

const layouts: Record<LayoutName, Layout> = { varied: layoutOf(varied), plain: layoutOf(["plain"]) };

function layoutOf(kinds: readonly CallKind[]): Layout {
  let recordings = 0;
  const before = kinds.map((kind) => {
    const count = recordings;
    recordings += recordingsOf(kind);
    return count;
  });
  return { kinds, before, recordings };
}
