import { RecordingError } from "../core/errors.ts";
import { flag, text, value } from "./option.ts";

/** Options of the commands that read or tend the archive. */
export const archiveOptions = {
  archive: flag("--archive", "what the archive holds, instead of what the source has"),
  csv: flag("--csv", "print CSV"),
  readDataSubset: value(
    "--read-data-subset <n/m>",
    "re-read one part of m, as in 1/7: a whole archive in a week",
    text,
  ),
  writeSums: flag("--write-sums", "write DEST/SHA256SUMS, which sha256sum -c accepts"),
  rebuild: flag("--rebuild", "make the ledger anew from the files"),
  repair: flag("--repair", "fetch again what is missing or damaged; a file goes only when the new one is safe"),
  head: value("--head <hex>", "prove that the archive goes back to this head, noted earlier", hexHead),
  seal: value(
    "--seal <file>",
    "hold the archive against its seals: an Ed25519 public key, or certificates (PEM)",
    text,
  ),
  match: value(
    "--match <pattern>",
    "how the files are named, as in {date}_{time}_{id}.{ext}, or ringcentral-portal",
    text,
  ),
  before: value("--before <when>", "calls that began before: as --from", text),
  yes: flag("--yes", "do it; without this only what would be done is shown"),
  reason: value("--reason <text>", "why, for the audit log", text),
  bagit: value("--bagit <dir>", "write the selection as a BagIt 1.0 bag into DIR", text),
  link: flag("--link", "hard links to the archive's own files instead of copies"),
} as const;

function hexHead(given: string): string {
  const head = given.trim().toLowerCase();
  if (/^[0-9a-f]{64}$/.test(head)) return head;
  throw new RecordingError("usage", `"${given}" is no head: give the 64 hexadecimal digits that a run printed.`);
}
