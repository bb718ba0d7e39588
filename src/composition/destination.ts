import type { Settings } from "../cli/config.ts";
import type { Io } from "../cli/io.ts";
import { RecordingError } from "../core/model/errors.ts";
import type { Archive } from "../core/model/ledger.ts";
import type { Destination } from "../core/model/ports.ts";
import { openDestination } from "../destinations/index.ts";
import { archiveFolder, isBucket, ledgerDatabase } from "./archive.ts";
import type { RunReporter } from "./reporter.ts";

/**
 * Opens where a run's recordings go, once ledger and place are known to belong together. A run `beside` others, without
 * the archive's lock, leaves alone what may be theirs.
 */
export async function wireDestination(
  settings: Settings,
  io: Io,
  ledger: Archive,
  reporter: Pick<RunReporter, "keepSecret" | "report" | "logRequest">,
  beside = false,
): Promise<Destination> {
  const tidy = !beside && ledgerDatabase(settings) === undefined;
  if (isBucket(settings)) return (await import("./bucket.ts")).wireBucket(settings, io, ledger, reporter, tidy);
  const ofBucket = await ledger.get("archive id");
  if (ofBucket === undefined) {
    return openDestination(archiveFolder(settings, io), {
      mtime: !settings.noMtime,
      tidy,
    });
  }
  throw new RecordingError(
    "usage",
    "This ledger belongs to an archive in a bucket: give that archive's --dest s3://… too.",
  );
}
