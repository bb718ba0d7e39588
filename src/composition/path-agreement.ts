import type { Settings } from "../cli/config.ts";
import { RecordingError } from "../core/model/errors.ts";
import type { Archive } from "../core/model/ledger.ts";
import { printable } from "../core/text.ts";
import { ledgerDatabase } from "./archive.ts";
import { templateOf } from "./plan.ts";

const note = "path template";

/** All workers of one ledger name their files alike: throws `usage` where this one would name them differently. */
export async function agreeOnPaths(settings: Settings, ledger: Archive): Promise<void> {
  if (ledgerDatabase(settings) === undefined) return;
  const mine = `${templateOf(settings)}${settings.restrictFilenames ? " with --restrict-filenames" : ""}`;
  const known = await ledger.agree(note, mine);
  if (known !== mine) {
    const message = `This ledger's recordings are named by ${printable(known)}, and this run would name them by ${printable(mine)}: use the same -o everywhere.`;
    throw new RecordingError("usage", message);
  }
}
