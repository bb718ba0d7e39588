import { folded } from "../../core/folding.ts";
import { auditActions } from "../../core/model/catalogue.ts";
import { RecordingError } from "../../core/model/errors.ts";
import { parseBytes, parseDuration, parseRate } from "../../core/text.ts";
import { archivePlace } from "./bucket.ts";
import { choice, flag, integer, list, pairs, secret, text, value } from "./option.ts";

/** What the records of an archive can tell of; `download` is a file that a visitor of the player took. */
const auditNames: readonly string[] = ["run", "download", ...auditActions];

/** Options of the commands that read or tend the archive. */
export const archiveOptions = {
  archive: flag("--archive", "list what the archive holds, not what the source has"),
  csv: flag("--csv", "print CSV"),
  prometheus: flag("--prometheus", "print metrics in Prometheus' text format"),
  name: value("--name <words>", "people by words in their names; case and accents do not matter", words),
  text: value("--text <words>", "words in a number, extension, name, id or transcript, as for --name", words),
  read: flag("--read", "read and hash every object of a bucket too; files in folders are read anyway"),
  readDataSubset: value(
    "--read-data-subset <n/m>",
    "re-read only one part of m, such as 1/7: the whole archive in a week",
    text,
  ),
  writeSums: flag("--write-sums", "write DEST/SHA256SUMS, which sha256sum -c accepts"),
  rebuild: flag("--rebuild", "rebuild the ledger from the files"),
  repair: flag("--repair", "download missing and damaged files again; the old file is kept until the new one is safe"),
  head: value("--head <hex>", "prove that the archive's history contains this head, noted earlier", hexHead),
  seal: value("--seal <file>", "check the archive's seals with an Ed25519 public key or certificates (PEM)", text),
  match: value(
    "--match <pattern>",
    "how the files are named, such as {date}_{time}_{id}.{ext}, or ringcentral-portal",
    text,
  ),
  before: value("--before <when>", "calls that began before then, written as for --from", text),
  yes: flag("--yes", "really do it; without this, only show what would be done"),
  reason: value("--reason <text>", "the reason, for the audit log", text),
  auditReason: choice(
    "--audit-reason <how>",
    "whether purge, export, hold and retention require a --reason",
    ["optional", "required"],
    {
      fallback: "optional",
    },
  ),
  report: value("--report <file>", "also write the auditor's page: a name ending in .html, .csv or .json", text),
  action: list("--action <name>", `only these: ${auditNames.join(", ")} (repeatable)`, auditName),
  bagit: value("--bagit <dir>", "write the selection as a BagIt 1.0 bag into DIR", text),
  byRetention: flag("--by-retention", "what the rules of callreel retention no longer keep"),
  bagInfo: list("--bag-info <label=value>", "a line for the bag's bag-info.txt; repeatable", pairs),
  plain: value("--plain <dir>", "write the selection into DIR, with index.csv and SHA256SUMS", text),
  transcripts: flag("--transcripts", "record the transcripts of held recordings as they stand now, also changed ones"),
  vcon: value("--vcon <dir>", "write an IETF vCon (JSON) for each call of the selection into DIR", text),
  link: flag("--link", "hard-link the archive's files instead of copying them"),
} as const;

function auditName(given: string): string {
  const name = given.trim().toLowerCase();
  if (auditNames.includes(name)) return name;
  throw new RecordingError("usage", `"${given}" is not one of ${auditNames.join(", ")}.`);
}

/** Text that is not empty without accents, so that it cannot find everything. */
function words(given: string): string {
  if (folded(given) !== "") return given;
  throw new RecordingError("usage", "The words to look for are empty.");
}

function hexHead(given: string): string {
  const head = given.trim().toLowerCase();
  if (/^[0-9a-f]{64}$/.test(head)) return head;
  throw new RecordingError("usage", `"${given}" is not a head; use the 64 hexadecimal digits that a run printed.`);
}

/** Where and how files are written. */
export const writeOptions = {
  dest: value("-d, --dest <dir>", "the archive: a folder or s3://bucket/prefix", archivePlace, {
    fallback: "./recordings",
  }),
  output: value("-o, --output <template>", "file name template, or - to write one recording's audio to stdout", text),
  writeInfoJson: flag("--write-info-json", "write a .info.json file beside each recording"),
  insights: flag("--insights", "also fetch RingSense's transcript and summary of each call, where licensed"),
  noMtime: flag("--no-mtime", "set file times to the download's, not the call's"),
  forceOverwrites: flag("--force-overwrites", "download again what the archive already has"),
  retryGone: flag("--retry-gone", "ask again for recordings that the source said are gone, absent or forbidden"),
  noContinue: flag("--no-continue", "restart partial files from the beginning"),
  restrictFilenames: flag("--restrict-filenames", "use only ASCII characters in file names"),
} as const;

/** How fast, how often, how much. */
export const paceOptions = {
  transfers: value(
    "-j, --transfers <n>",
    "downloads at the same time; auto: as many as the source can take, auto:16: at most 16",
    parseTransfers,
    { fallback: "auto" },
  ),
  rate: value("--rate <10/m>", "send fewer rate-limited requests than the source allows", parseRate),
  limitRate: value("--limit-rate <2M>", "bytes per second over all transfers; 0 means no limit", parseBytes),
  retries: value("-R, --retries <n>", "how often to retry a failed recording", integer(0, 1000), { fallback: "5" }),
  retryMaxTime: value("--retry-max-time <time>", "longest time to spend retrying one recording", parseDuration),
  timeout: value("--timeout <time>", "how long to wait for a server that sends nothing", parseDuration, {
    fallback: "60s",
  }),
  lowSpeed: value("--low-speed <bytes>", "end a transfer slower than this per second; 0 means never", parseBytes, {
    fallback: "100",
  }),
  lowSpeedTime: value("--low-speed-time <time>", "the time over which --low-speed is measured", parseDuration, {
    fallback: "60s",
  }),
  maxDuration: value("--max-duration <5h>", "stop starting recordings after this time (exit 8)", parseDuration),
  maxTransfer: value("--max-transfer <20G>", "stop after this many bytes (exit 8)", parseBytes),
  failFast: flag("--fail-fast", "stop at the first recording that fails"),
} as const;

/** How a run fits into scripts. */
export const runOptions = {
  pending: flag("--pending", "download what the ledger still wants, nearest to expiry first; list nothing"),
  enqueueOnly: flag("--enqueue-only", "only note in the ledger what is wanted, for --pending; download nothing"),
  dryRun: flag("-n, --dry-run", "show how many recordings, how much audio and how long; download nothing"),
  errorFile: value("--error-file <file>", "write failed recordings as NDJSON that --rows can read", text),
  metrics: value("--metrics <file>", "write metrics for Prometheus' node_exporter (textfile) after the run", text),
  lockWait: value(
    "--lock-wait <time>",
    "wait for another run on this archive instead of exiting with 11",
    parseDuration,
  ),
  every: value(
    "--every <time>",
    "look at the call log at most this often, and never more than the budget allows",
    parseDuration,
    {
      fallback: "10s",
    },
  ),
  lease: value(
    "--lease <time>",
    "take over from a run that has made no progress for this long (default: 2m)",
    parseDuration,
  ),
  eachProfile: flag(
    "--each-profile",
    "several profiles (accounts, perhaps with archives of their own) are downloaded one after another",
  ),
  exec: value(
    "--exec <command>",
    "run COMMAND for each finished file (its fields are in CALLREEL_HOOK_… variables)",
    text,
  ),
  execAfter: value("--exec-after <command>", "run COMMAND after the run", text),
  execFailed: flag("--exec-failed", "repeat --exec for recordings whose command failed or never ran; download nothing"),
  execEnv: list("--exec-env <name>", "pass this variable to --exec and --exec-after; repeatable", variableName),
  shell: flag("--shell", "run --exec and --exec-after in a shell"),
  ping: value("--ping <url>", "request URL after a successful run, URL/fail after any other", text),
  sealKey: value("--seal-key <file>", "sign the archive's head after the run with this Ed25519 key (PEM)", text),
  timestampUrl: value(
    "--timestamp-url <url>",
    "have the archive's head time-stamped there after the run (RFC 3161)",
    httpUrl,
  ),
  ledger: value("--ledger <path>", "the ledger: a file, or postgres://user@host/database for many machines", text, {
    fallback: "DEST/.callreel/ledger.db",
    mayHoldPassword: true,
  }),
  ledgerPasswordFile: value("--ledger-password-file <file>", "file that holds the ledger database's password", text),
  ledgerPassword: secret("CALLREEL_LEDGER_PASSWORD", "the ledger database's password"),
} as const;

function variableName(given: string): string {
  if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(given)) return given;
  throw new RecordingError("usage", `"${given}" is not a variable name; use the name alone, for example MY_KEY.`);
}

function httpUrl(given: string): string {
  if (/^https?:$/.test(URL.canParse(given) ? new URL(given).protocol : "")) return given;
  throw new RecordingError("usage", `"${given}" is not a web address; use one that begins with http:// or https://.`);
}

/** How many downloads at once: a number, or as many as the source bears, up to `most` where that is told. */
export type Transfers = number | { readonly most?: number };

const most = 64;

/** The most that a setting lets run at once. */
export function mostTransfers(transfers: Transfers | undefined): number {
  return typeof transfers === "number" ? transfers : (transfers?.most ?? most);
}

function parseTransfers(given: string): Transfers {
  const [word, bound] = given.trim().split(":");
  if (word !== "auto") return integer(1, most)(given);
  return bound === undefined ? {} : { most: integer(1, most)(bound) };
}
