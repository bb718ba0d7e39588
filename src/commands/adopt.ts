import { existsSync, realpathSync } from "node:fs";
import { isAbsolute, relative, resolve, sep } from "node:path";
import type { Invocation } from "../command.ts";
import { RecordingError } from "../core/errors.ts";
import { formatBytes, formatCount } from "../core/format.ts";
import { printable } from "../core/printable.ts";
import type { RecordingRef } from "../core/recording.ts";
import { exitCodeOf } from "../exit-codes.ts";
import { adoptFiles, know, openIdentify, unknownFiles } from "../wire/adoption.ts";
import { archiveFolder, takeArchive, wireLedger } from "../wire/archive.ts";
import { openMeter } from "../wire/meter.ts";
import { openRefReader } from "../wire/row-refs.ts";
import { wireReader } from "../wire/rows.ts";

/** Records the files of an older script, where they stand in the archive, as done. 3 when some could not be matched. */
export async function adopt(invocation: Invocation): Promise<number> {
  const { settings, io, args } = invocation;
  const root = archiveFolder(settings, io);
  const folder = folderWithin(root, resolve(io.cwd, args[0] ?? "."));
  if (settings.match === undefined && settings.rows === undefined && settings.database === undefined) {
    throw new RecordingError(
      "usage",
      "adopt: say how the files are named, as in --match '{date}_{time}_{id}.{ext}', or give their rows with --rows.",
    );
  }
  const byId = await refsOfRows(invocation);
  const lock = await takeArchive(settings, io);
  try {
    await using ledger = await wireLedger(settings, io);
    const identify = await openIdentify(root, settings, { byId, pattern: settings.match });
    const files = await unknownFiles(root, folder, ledger, io.stop);
    let unmatched = 0;
    let bytes = 0;
    const meter = openMeter(invocation, () => `${formatBytes(bytes)} read, ${formatCount(unmatched)} not matched`);
    const print = (line: object, text: string) =>
      meter.above(() => io.stdout.write(settings.json ? `${JSON.stringify(line)}\n` : text));
    const count = await adoptFiles(root, files, identify, ledger, {
      unmatched(path, message) {
        unmatched += 1;
        print({ kind: "unmatched", path, message }, `unmatched: ${printable(path)}: ${printable(message)}\n`);
      },
      adopted(ref, stored) {
        bytes += stored.bytes;
        if (settings.json) print({ kind: "adopted", key: ref.key, ...stored }, "");
        meter.tick();
      },
    });
    meter.close();
    if (!settings.quiet) {
      io.stderr.write(
        `${formatCount(count)} recordings, ${formatBytes(bytes)}, recorded as held; ${formatCount(unmatched)} files not matched.\n`,
      );
    }
    return unmatched > 0 ? exitCodeOf("not-audio") : 0;
  } finally {
    lock.release();
  }
}

/** The folder's real place, which must be in the archive: a ledger speaks of nothing else. */
function folderWithin(root: string, folder: string): string {
  if (!existsSync(folder)) throw new RecordingError("usage", `There is no folder ${folder}.`);
  const home = existsSync(root) ? realpathSync(root) : root;
  const path = relative(home, realpathSync(folder));
  if (path !== ".." && !path.startsWith(`..${sep}`) && !isAbsolute(path)) return resolve(root, path);
  throw new RecordingError(
    "usage",
    `${folder} is not in the archive ${root}: move the files there first, or name the folder around them with --dest.`,
  );
}

async function refsOfRows({ settings, io }: Invocation): Promise<Map<string, RecordingRef | null>> {
  const byId = new Map<string, RecordingRef | null>();
  const reader = await wireReader(settings, {}, io);
  if (reader === undefined) return byId;
  const refs = await openRefReader();
  for await (const { rows } of reader.rows(io.stop)) {
    for (const row of rows) for (const ref of refs.recordings(row, settings.source).refs) know(byId, ref);
  }
  return byId;
}
