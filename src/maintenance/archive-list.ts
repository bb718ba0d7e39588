import type { Settings } from "../cli/config.ts";
import type { Invocation } from "../cli/io.ts";
import { type Column, tablePrinter, tableWidth, writeOut } from "../cli/table.ts";
import { openExistingLedger } from "../composition/archive.ts";
import { entryFilterOf } from "../composition/plan.ts";
import { csvLine } from "../core/csv-field.ts";
import { type Hold, holdsOver } from "../core/holds.ts";
import { timeText } from "../core/local-time.ts";
import type { EntryFilter, LedgerEntry } from "../core/model/ledger.ts";
import { formatBytes, formatDuration, formatNumberOf } from "../core/text.ts";
import { heldEntries } from "./named-entries.ts";
import { tellUntold } from "./untold.ts";

/** `list --archive`: the catalogue of what the archive holds, or of the ids given, as table, CSV or NDJSON. */
export async function listArchive({ settings, io, args }: Invocation): Promise<number> {
  await using ledger = await openExistingLedger(settings, io);
  const holds = await ledger.holds();
  const print = printerOf(settings, holds, tableWidth(io.stdout));
  let count = 0;
  const filter: EntryFilter = { ...(await entryFilterOf(settings, io)), states: ["done"] };
  for await (const page of heldEntries(args, filter, ledger)) {
    count += page.length;
    await writeOut(print(page), io);
  }
  await writeOut(print([]), io);
  if (!settings.json && !settings.csv && !settings.quiet) io.stderr.write(`${formatNumberOf(count, "recording")}\n`);
  return args.length > 0 ? 0 : await tellUntold(ledger, filter, io);
}

function printerOf(
  { json, csv, timezone }: Settings,
  holds: readonly Hold[],
  width: number | undefined,
): (page: readonly LedgerEntry[]) => string {
  if (json) return (page) => page.map((entry) => `${JSON.stringify(jsonOf(entry, holds))}\n`).join("");
  if (csv) return csvPrinter(holds);
  const held = { title: "HOLD", value: (entry: LedgerEntry) => namesOver(holds, entry) };
  return tablePrinter(holds.length === 0 ? columnsIn(timezone) : [held, ...columnsIn(timezone)], width);
}

/** What is known of a recording that is held, in one object, with the names of the legal holds over it. */
export function jsonOf({ ref, stored, state, transcripts }: LedgerEntry, holds: readonly Hold[]) {
  const over = holdsOver(holds, ref).map(({ name }) => name);
  return {
    ...ref,
    start: ref.call.start,
    state,
    ...stored,
    ...(transcripts && { transcripts }),
    ...(over.length > 0 && { holds: over }),
  };
}

function namesOver(holds: readonly Hold[], { ref }: LedgerEntry): string {
  return holdsOver(holds, ref)
    .map(({ name }) => name)
    .join(" ");
}

const columnsIn = (timezone: string | undefined): readonly Column<LedgerEntry>[] => [
  { title: "START", value: ({ ref }) => timeText(ref.call.start, timezone), telling: true },
  { title: "FROM", value: ({ ref }) => ref.call.from ?? "" },
  { title: "TO", value: ({ ref }) => ref.call.to ?? "" },
  {
    title: "NAME",
    optional: true,
    value: ({ ref }) => shortened(ref.call.name ?? ref.call.user ?? ""),
  },
  {
    title: "LENGTH",
    optional: true,
    align: "right",
    value: ({ ref, stored }) => lengthOf(stored?.audioSeconds ?? ref.call.duration),
  },
  { title: "SIZE", align: "right", optional: true, value: ({ stored }) => formatBytes(stored?.bytes ?? 0) },
  { title: "FILE", value: ({ stored }) => stored?.path ?? "", tail: true },
];

const mostNameLetters = 20;

function shortened(name: string): string {
  const letters = [...name];
  return letters.length <= mostNameLetters ? name : `${letters.slice(0, mostNameLetters - 1).join("")}…`;
}

function lengthOf(seconds: number | undefined): string {
  return seconds === undefined ? "" : formatDuration(seconds * 1000);
}

const csvColumns: readonly (readonly [string, (entry: LedgerEntry) => string | number | undefined])[] = [
  ["key", ({ ref }) => ref.key],
  ["source", ({ ref }) => ref.source],
  ["id", ({ ref }) => ref.id],
  ["start", ({ ref }) => ref.call.start],
  ["duration", ({ ref }) => ref.call.duration],
  ["direction", ({ ref }) => ref.call.direction],
  ["from", ({ ref }) => ref.call.from],
  ["to", ({ ref }) => ref.call.to],
  ["extension", ({ ref }) => ref.call.extension],
  ["name", ({ ref }) => ref.call.name],
  ["path", ({ stored }) => stored?.path],
  ["bytes", ({ stored }) => stored?.bytes],
  ["audio_seconds", ({ stored }) => stored?.audioSeconds],
  ["content_type", ({ stored }) => stored?.contentType],
  ["sha256", ({ stored }) => stored?.sha256],
  ["note", ({ stored }) => stored?.note],
  ["user", ({ ref }) => ref.call.user],
  ["transcripts", ({ transcripts = [] }) => transcripts.map(({ path }) => path).join("; ")],
];

/** Prints pages of entries as CSV, the names of the columns first. */
export function csvPrinter(holds: readonly Hold[]): (page: readonly LedgerEntry[]) => string {
  const columns = [...csvColumns, ["holds", (entry: LedgerEntry) => namesOver(holds, entry)] as const];
  let header = `${columns.map(([name]) => name).join(",")}\r\n`;
  return (page) => {
    const lines = page.map((entry) => csvLine(columns.map(([, get]) => get(entry))));
    const text = header + lines.join("");
    header = "";
    return text;
  };
}
