import type { Settings } from "../cli/config.ts";
import { windowOf, zoneOf } from "../cli/dates.ts";
import { exitCodeOf } from "../cli/exit-codes.ts";
import type { Invocation, Io } from "../cli/io.ts";
import { writeOut } from "../cli/table.ts";
import { openLedgerToRead } from "../composition/archive.ts";
import { momentText } from "../core/local-time.ts";
import type { Archive } from "../core/model/ledger.ts";
import { formatNumberOf } from "../core/text.ts";
import { type AuditEntry, auditCsvHeader, auditCsvLine, auditEntryOf, auditLine } from "../maintenance/audit-list.ts";

/**
 * Every record of the archive, oldest first: runs, checks, listenings, exports, purges. Changes nothing and waits for
 * nobody; 6 when the records are not as they were written, which is told before them.
 */
export async function audit({ settings, io }: Invocation): Promise<number> {
  const { fromMs, toMs } = windowOf(settings, io.clock.now());
  const window = {
    ...(fromMs !== undefined && { from: new Date(fromMs).toISOString() }),
    ...(toMs !== undefined && { to: new Date(toMs).toISOString() }),
  };
  const wanted = settings.action && new Set(settings.action);
  await using ledger = await openLedgerToRead(settings, io);
  const whole = await tellBreaks(ledger, io);
  const print = printerOf(settings);
  if (settings.csv && !settings.json) await writeOut(auditCsvHeader, io);
  let count = 0;
  for await (const page of ledger.records(window)) {
    io.stop.throwIfAborted();
    const entries = page.map(auditEntryOf).filter(({ action }) => wanted === undefined || wanted.has(action));
    count += entries.length;
    await writeOut(entries.map(print).join(""), io);
  }
  if (!settings.json && !settings.csv && !settings.quiet) io.stderr.write(`${formatNumberOf(count, "record")}\n`);
  return whole ? 0 : exitCodeOf("differences");
}

function printerOf(settings: Settings): (entry: AuditEntry) => string {
  if (settings.json) return (entry) => `${JSON.stringify(entry)}\n`;
  if (settings.csv) return auditCsvLine;
  const timezone = zoneOf(settings);
  return (entry) => auditLine(entry, (time) => momentText(Date.parse(time), timezone));
}

/** Says where the records are not as they were written; whether they are. */
async function tellBreaks(ledger: Archive, { stderr }: Io): Promise<boolean> {
  const reports = { runs: await ledger.verifyRunChain(), audits: await ledger.verifyAuditChain() };
  let whole = true;
  for (const [name, { broken }] of Object.entries(reports)) {
    if (broken === undefined) continue;
    whole = false;
    stderr.write(
      `callreel: the records were changed after they were written: ${name}, record ${broken.seq}: ${broken.reason}. Nothing from there on is proven; callreel verify tells more.\n`,
    );
  }
  return whole;
}
