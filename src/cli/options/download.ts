import { folded } from "../../core/folding.ts";
import { auditActions } from "../../core/model/catalogue.ts";
import { RecordingError } from "../../core/model/errors.ts";
import { parseBytes, parseDuration, parseRate } from "../../core/text.ts";
import { choice, flag, integer, list, text, value } from "./option.ts";

/** What the records of an archive can tell of; `download` is a file that a visitor of the player took. */
const auditNames: readonly string[] = ["run", "download", ...auditActions];

/** Options of the commands that read or tend the archive. */
export const archiveOptions = {
  archive: flag("--archive", "what the archive holds, instead of what the source has"),
  csv: flag("--csv", "print CSV"),
  prometheus: flag("--prometheus", "print metrics in Prometheus' text format"),
  name: value("--name <words>", "people by words of their names; neither case nor accents count", words),
  text: value("--text <words>", "what a number, extension, name or id holds; as --name", words),
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
  auditReason: choice("--audit-reason <how>", "whether purge and export want a --reason", ["optional", "required"], {
    fallback: "optional",
  }),
  report: value("--report <file>", "write the auditor's page of it too: a name ending in .html, .csv or .json", text),
  action: list("--action <name>", `only these: ${auditNames.join(", ")} (repeatable)`, auditName),
  bagit: value("--bagit <dir>", "write the selection as a BagIt 1.0 bag into DIR", text),
  link: flag("--link", "hard links to the archive's own files instead of copies"),
} as const;

function auditName(given: string): string {
  const name = given.trim().toLowerCase();
  if (auditNames.includes(name)) return name;
  throw new RecordingError("usage", `"${given}" is none of ${auditNames.join(", ")}.`);
}

/** Text that is not empty without accents, so that it cannot find everything. */
function words(given: string): string {
  if (folded(given) !== "") return given;
  throw new RecordingError("usage", "The words to look for are empty.");
}

function hexHead(given: string): string {
  const head = given.trim().toLowerCase();
  if (/^[0-9a-f]{64}$/.test(head)) return head;
  throw new RecordingError("usage", `"${given}" is no head: give the 64 hexadecimal digits that a run printed.`);
}

/** Where and how files are written. */
export const writeOptions = {
  dest: value("-d, --dest <dir>", "the archive", text, { fallback: "./recordings" }),
  output: value("-o, --output <template>", "file name template, or - for the audio of one recording to stdout", text),
  writeInfoJson: flag("--write-info-json", "a .info.json beside each recording"),
  noMtime: flag("--no-mtime", "leave the file's time as the download's, not the call's"),
  forceOverwrites: flag("--force-overwrites", "fetch again what the archive has"),
  retryGone: flag("--retry-gone", "ask again for what is believed gone, absent or forbidden at the source"),
  noContinue: flag("--no-continue", "start partial files over"),
  restrictFilenames: flag("--restrict-filenames", "plain ASCII file names"),
} as const;

/** How fast, how often, how much. */
export const paceOptions = {
  transfers: value(
    "-j, --transfers <n>",
    "downloads at once, or auto",
    (given) => (given === "auto" ? "auto" : integer(1, 64)(given)),
    { fallback: "4" },
  ),
  rate: value("--rate <10/m>", "lower the budget of rate-limited requests", parseRate),
  limitRate: value("--limit-rate <2M>", "bytes a second over all transfers; 0 for no limit", parseBytes),
  retries: value("-R, --retries <n>", "repeats of a failed recording", integer(0, 1000), { fallback: "5" }),
  retryMaxTime: value("--retry-max-time <time>", "longest time spent on one recording's repeats", parseDuration),
  timeout: value("--timeout <time>", "longest silence of a server", parseDuration, { fallback: "60s" }),
  lowSpeed: value("--low-speed <bytes>", "end a transfer that is slower than this a second; 0 never", parseBytes, {
    fallback: "100",
  }),
  lowSpeedTime: value("--low-speed-time <time>", "over how long --low-speed is measured", parseDuration, {
    fallback: "60s",
  }),
  maxDuration: value("--max-duration <5h>", "stop starting recordings after this time (exit 8)", parseDuration),
  maxTransfer: value("--max-transfer <20G>", "stop after this many bytes (exit 8)", parseBytes),
  failFast: flag("--fail-fast", "stop at the first recording that fails"),
} as const;

/** How a run fits into scripts. */
export const runOptions = {
  dryRun: flag("-n, --dry-run", "count, minutes of audio and time needed; fetch nothing"),
  errorFile: value("--error-file <file>", "write what failed as NDJSON that --rows takes back", text),
  metrics: value("--metrics <file>", "write metrics for Prometheus' node_exporter (textfile) after the run", text),
  lockWait: value(
    "--lock-wait <time>",
    "wait for another run on this archive instead of ending with 11",
    parseDuration,
  ),
  lease: value("--lease <time>", "take over from a run that stands still for so long (2m)", parseDuration),
  exec: value(
    "--exec <command>",
    "run COMMAND after each finished file (its fields as CALLREEL_HOOK_… variables)",
    text,
  ),
  execAfter: value("--exec-after <command>", "run COMMAND after the run", text),
  execFailed: flag("--exec-failed", "repeat --exec for recordings whose command failed or never ran; fetch nothing"),
  execEnv: list("--exec-env <name>", "let this variable through to --exec and --exec-after (repeatable)", variableName),
  shell: flag("--shell", "give --exec and --exec-after to the shell"),
  ping: value("--ping <url>", "call URL after a good run, URL/fail after a bad one", text),
  sealKey: value("--seal-key <file>", "sign the archive's head after the run with this Ed25519 key (PEM)", text),
  timestampUrl: value("--timestamp-url <url>", "have the head time-stamped there after the run (RFC 3161)", httpUrl),
  ledger: value("--ledger <path>", "the ledger's file", text, { fallback: "DEST/.callreel/ledger.db" }),
} as const;

function variableName(given: string): string {
  if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(given)) return given;
  throw new RecordingError("usage", `"${given}" is not the name of a variable: give the name alone, as in MY_KEY.`);
}

function httpUrl(given: string): string {
  if (/^https?:$/.test(URL.canParse(given) ? new URL(given).protocol : "")) return given;
  throw new RecordingError("usage", `"${given}" is no address: give one that begins with http:// or https://.`);
}
