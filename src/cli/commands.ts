import { bucketOptions } from "./options/bucket.ts";
import { archiveOptions, paceOptions, runOptions, writeOptions } from "./options/download.ts";
import { allOptions, type CommandSpec, groups, select, some } from "./options/groups.ts";
import { type OptionSpec, optionName } from "./options/option.ts";
import { reportOptions } from "./options/report.ts";
import { selectOptions } from "./options/selection.ts";
import { playerOptions, sandboxOptions, showOptions } from "./options/serving.ts";

const sourceGroups = [groups.ringcentral, groups.tim, groups.tls];
const logs = some("Show", showOptions, "json", "quiet", "verbose", "logFile", "logFormat", "noColor");
const lock = some("Run", runOptions, "lockWait");
const watched = ["kinds", "lookback", "direction", "extension", "number", "minDuration", "recordingType"] as const;
const paced = [
  "transfers",
  "rate",
  "limitRate",
  "retries",
  "retryMaxTime",
  "timeout",
  "lowSpeed",
  "lowSpeedTime",
] as const;
const runOfWatch = [
  "metrics",
  "lockWait",
  "lease",
  "exec",
  "execAfter",
  "execEnv",
  "shell",
  "ping",
  "sealKey",
  "timestampUrl",
  "ledger",
  "ledgerPassword",
  "ledgerPasswordFile",
] as const;
const settingNames = Object.entries<OptionSpec<unknown>>(allOptions)
  .filter(([, spec]) => !spec.secret)
  .map(([key, spec]) => optionName(key, spec));

/** Every verb of callreel, in the order help shows them. */
export const commands: readonly CommandSpec[] = [
  {
    name: "setup",
    summary: "guided: asks for a system's login, checks it as doctor does, and keeps it in a profile",
    groups: [
      some("Select", selectOptions, "source", "rows", "columns", "map", "rowDates", "encoding"),
      groups.dest,
      some("S3", bucketOptions, "s3Region", "s3ObjectLock", "s3Sse", "s3StorageClass", "spool"),
      some("Show", showOptions, "verbose", "logFile", "logFormat", "noColor"),
      ...sourceGroups,
    ],
    withoutSettings: true,
    examples: [
      ["callreel setup", "asks for everything, and ends with the command to run"],
      ["callreel setup -s ringcentral --profile emea", "a profile for another account"],
      [
        "callreel setup -s tim --tim-url https://tim.example --tim-user archive --tim-password-file - < secret",
        "without a terminal: from flags, environment and standard input",
      ],
    ],
    load: async () => (await import("../commands/setup.ts")).setup,
  },
  {
    name: "download",
    args: "[id...]",
    summary: "download recordings: by id or contentUri, from rows, from a database or from the live call log",
    groups: [groups.select, groups.write, groups.bucket, groups.pace, groups.run, groups.show, ...sourceGroups],
    examples: [
      ["callreel download -s ringcentral --from 7d", "the last week from RingCentral's call log"],
      ["callreel download -s tim --rows calls.csv -d /srv/calls", "every recording of an exported calls table"],
      ["callreel download -s ringcentral --since last -q", "what is new since the last run, for cron"],
      ["callreel download --from 7d -d s3://calls/rc --s3-endpoint https://s3.example", "into a bucket"],
      ["callreel download 401786818008 -o - | ffmpeg -i - call.mp3", "one recording into a pipe"],
    ],
    load: async () => (await import("../commands/download.ts")).download,
  },
  {
    name: "watch",
    summary: "stay, and download each RingCentral recording minutes after its call",
    groups: [
      some("Select", selectOptions, "source", ...watched),
      some(
        "Write",
        writeOptions,
        "dest",
        "output",
        "writeInfoJson",
        "insights",
        "noMtime",
        "noContinue",
        "restrictFilenames",
      ),
      groups.bucket,
      some("Pace", paceOptions, ...paced),
      some("Run", runOptions, "every", ...runOfWatch),
      some("Show", showOptions, "json", "stats", "quiet", "verbose", "logFile", "logFormat", "noColor"),
      groups.ringcentral,
      groups.tls,
    ],
    examples: [
      ["callreel watch -s ringcentral -d /srv/calls", "until Ctrl-C; systemd ends it with SIGTERM, exit 0"],
      ["callreel watch -s ringcentral -d /srv/calls -q --metrics calls.prom", "as a service, with metrics each minute"],
    ],
    load: async () => (await import("../commands/watch.ts")).watch,
  },
  {
    name: "list",
    args: "[id...]",
    summary: "print what download would fetch; with --archive, what the archive holds",
    groups: [
      groups.select,
      groups.dest,
      some("The archive", archiveOptions, "archive", "csv", "name", "text"),
      logs,
      ...sourceGroups,
    ],
    examples: [
      ["callreel list -s ringcentral --from yesterday", "yesterday's recordings as a table"],
      ["callreel list --rows calls.csv --json | callreel download --rows -", "its NDJSON is input for download"],
      ["callreel list --archive --from 2026-01-01 --csv", "everything held since the start of 2026"],
      ["callreel list --archive --number '(650) 555-7602'", "calls of a number, however it is written"],
      ["callreel list --archive --name muller", "finds Müller too"],
    ],
    load: async () => (await import("../commands/list.ts")).list,
  },
  {
    name: "verify",
    summary: "re-read the archive and compare it with the ledger (exit 6 if anything differs)",
    groups: [
      groups.dest,
      some("S3", bucketOptions, "s3Region"),
      some("Verify", archiveOptions, "read", "readDataSubset", "writeSums", "rebuild", "repair", "head", "seal"),
      some("Files", archiveOptions, "match"),
      groups.pace,
      lock,
      logs,
      ...sourceGroups,
    ],
    examples: [
      ["callreel verify -d /srv/calls", "every file and every run record"],
      ["callreel verify --read-data-subset 1/7", "a seventh of the archive; all of it in a week"],
      ["callreel verify -d s3://calls/rc --read", "every object of a bucket, which costs its transfer"],
      ["callreel verify --write-sums && sha256sum -c SHA256SUMS", "checksums that other tools can check"],
      ["callreel verify --repair", "and download missing and damaged files again"],
      ["callreel verify --rebuild", "a new ledger from what is left of the old one and from the files"],
    ],
    load: async () => (await import("../commands/verify.ts")).verify,
  },
  {
    name: "reconcile",
    summary:
      "compare source and archive: what is missing, extra or shorter than its call, and why (exit 6 if they differ)",
    groups: [
      groups.select,
      groups.dest,
      some("S3", bucketOptions, "s3Region"),
      some("Report", archiveOptions, "report"),
      logs,
      ...sourceGroups,
    ],
    examples: [
      ["callreel reconcile -s ringcentral --from 30d", "prove that the last month is complete"],
      ["callreel reconcile --rows calls.csv --json | callreel download --rows -", "fetch what is missing"],
    ],
    load: async () => (await import("../commands/reconcile.ts")).reconcile,
  },
  {
    name: "status",
    args: "[id]",
    summary:
      "show what the archive holds, what failed and why, what will expire at the source; or one recording's history",
    groups: [groups.dest, some("Print", archiveOptions, "prometheus"), logs],
    examples: [
      ["callreel status -d /srv/calls", "per source and month, failures with the next step, last runs"],
      ["callreel status 401786818008", "downloaded when, or why not"],
    ],
    load: async () => (await import("../commands/status.ts")).status,
  },
  {
    name: "report",
    summary:
      "the auditor's page of a month: listed, held, missing and why, with what proves it (exit 6 when anything is open)",
    groups: [
      groups.dest,
      some("S3", bucketOptions, "s3Region"),
      some("Select", selectOptions, "month", "from", "to", "source", "shortBy", "shortPart"),
      { title: "Write", options: reportOptions },
      some("Proof", archiveOptions, "seal"),
      some("Show", showOptions, "quiet", "verbose", "logFile", "logFormat", "noColor"),
    ],
    examples: [
      ["callreel report --month 2026-03 --html march.html", "one page to hand over"],
      ["callreel report --from 2026-01-01 --to 2026-04-01 --csv q1.csv --json q1.json", "a quarter, for other tools"],
      ["callreel reconcile -s ringcentral --month 2026-03 --report march.html", "the same against the live call log"],
    ],
    load: async () => (await import("../commands/report.ts")).report,
  },
  {
    name: "show",
    args: "<id...>",
    summary: "everything the archive knows about a recording: call, file, state, legal holds, who did what with it",
    groups: [groups.dest, logs],
    examples: [["callreel show 401786818008", "by id, key or contentUri; --json for programs"]],
    load: async () => (await import("../commands/show.ts")).show,
  },
  {
    name: "audit",
    summary: "who did what with the archive: runs, checks, listenings, exports, purges; oldest first",
    groups: [
      groups.dest,
      some("Select", selectOptions, "from", "to", "month"),
      some("Print", archiveOptions, "action", "csv"),
      logs,
    ],
    examples: [
      ["callreel audit --from 30d", "the last month, a line for each"],
      ["callreel audit --action playback --action download --csv", "who listened to what, for a spreadsheet"],
    ],
    load: async () => (await import("../commands/audit.ts")).audit,
  },
  {
    name: "adopt",
    args: "<dir>",
    summary: "record an older script's files, or RingCentral's portal zips, as held (exit 3 if some match nothing)",
    groups: [
      groups.dest,
      some("S3", bucketOptions, "s3Region"),
      some("Match", archiveOptions, "match", "transcripts"),
      some("Rows", select.options, "rows", "database", "table", "query", "databasePasswordFile"),
      some("Read", selectOptions, "source", "columns", "map", "rowDates", "encoding"),
      lock,
      logs,
    ],
    examples: [
      ["callreel adopt old -d . --match '{date}_{id}.{ext}'", "by the RingCentral id in their names"],
      ["callreel adopt old -d . --rows calls.csv", "by the ids of a calls table"],
      ["callreel adopt recordings --transcripts", "transcripts that were corrected by hand"],
      ["callreel adopt calls.zip --match ringcentral-portal", "a download from RingCentral's portal, unchanged"],
    ],
    load: async () => (await import("../commands/adopt.ts")).adopt,
  },
  {
    name: "export",
    args: "[id...]",
    summary: "a selection of the archive for handing over: a BagIt 1.0 bag, a plain folder with an index, or vCons",
    groups: [
      groups.dest,
      some("S3", bucketOptions, "s3Region"),
      some("Export", archiveOptions, "bagit", "bagInfo", "plain", "vcon", "link", "reason"),
      some("Player", playerOptions, "playerUrl"),
      some("Select", selectOptions, "source", "from", "to", "month", "number", "direction", "extension"),
      some("Find", archiveOptions, "name", "text"),
      logs,
    ],
    examples: [
      ["callreel export --month 2026-01 --bagit january", "a month, with its sums"],
      ["callreel export 401786818008 --plain for-anna", "one recording, with an index for spreadsheets"],
      ["callreel export --month 2026-01 --vcon january", "an IETF vCon for each call, with its recordings"],
      ["callreel export --name muller --bagit b --bag-info 'Contact-Name=Anna Nowak'", "with a line of your own"],
    ],
    load: async () => (await import("../commands/export.ts")).exportFiles,
  },
  {
    name: "serve",
    args: "[dir...]",
    summary: "the player: a local web page for the archive, with permanent URLs that contain no token",
    groups: [
      groups.dest,
      some("S3", bucketOptions, "s3Region"),
      some("Player", playerOptions, "host", "port", "open", "playerUrl", "presigned"),
      some(
        "Who may listen",
        playerOptions,
        "login",
        "users",
        "addUser",
        "tlsCert",
        "tlsKey",
        "behindProxy",
        "trustedProxy",
      ),
      some("Run", runOptions, "lease"),
      logs,
      ...sourceGroups,
    ],
    examples: [
      ["callreel serve -d /srv/calls --open", "listen on this machine"],
      ["callreel serve /srv/calls /mnt/2019", "two archives on one page"],
      ["callreel serve --users people --add-user anna", "give anna access; asks for her password"],
      [
        "callreel serve --host 0.0.0.0 --users people --tls-cert c.pem --tls-key k.pem --player-url https://calls.example",
        "for colleagues",
      ],
    ],
    load: async () => (await import("../commands/serve.ts")).serve,
  },
  {
    name: "link",
    args: "[id]",
    summary:
      "print a URL that plays a recording: the player's permanent one, or with --direct the source's short-lived one",
    groups: [
      some("Select", selectOptions, "source", "rows", "columns", "map", "rowDates", "encoding"),
      some("Link", playerOptions, "playerUrl", "direct"),
      logs,
      ...sourceGroups,
    ],
    examples: [
      ["callreel link 401786818008", "permanent; needs the player's login"],
      ["callreel link --direct /r/tim/3/4/NCS0001", "plays anywhere, for a minute"],
      ["grep NCS0001 calls.csv | callreel link --columns datasource,voicelocation,voicefilename -r -", "of one row"],
    ],
    load: async () => (await import("../commands/link.ts")).link,
  },
  {
    name: "purge",
    args: "[id...]",
    summary: "delete recordings here for good and never download them again; the source is not touched",
    groups: [
      groups.dest,
      some("S3", bucketOptions, "s3Region"),
      some("Select", selectOptions, "source", "number", "from", "to", "month"),
      some("Purge", archiveOptions, "before", "byRetention", "yes", "reason"),
      lock,
      logs,
    ],
    examples: [
      ["callreel purge --number +442071838750", "what would be deleted"],
      [
        "callreel purge --before today-2y --yes --reason 'retention 2 years'",
        "delete them, with a line in the audit log",
      ],
    ],
    load: async () => (await import("../commands/purge.ts")).purge,
  },
  {
    name: "retention",
    args: "<action> [period]",
    words: [["set", "list", "remove"]],
    summary: "rules for how long calls are kept, for purge --by-retention; the longest that applies wins",
    groups: [
      groups.dest,
      some("Which calls", selectOptions, "direction", "extension"),
      some("Why", archiveOptions, "reason"),
      logs,
    ],
    examples: [
      ["callreel retention set 7y", "all calls; from their start, by the calendar"],
      ["callreel retention set 18mo --direction outbound", "another rule for outbound calls"],
      ["callreel purge --by-retention", "what is due; --yes deletes it"],
    ],
    load: async () => (await import("../commands/retention.ts")).retention,
  },
  {
    name: "hold",
    args: "<action> [id...]",
    words: [["add", "remove", "list", "confirm"]],
    summary: "legal holds: what they cover cannot be purged, now or later",
    groups: [
      groups.dest,
      some("Select", selectOptions, "source", "number", "from", "to", "month", "direction", "extension"),
      some("Hold", archiveOptions, "name", "text", "reason"),
      logs,
    ],
    examples: [
      ["callreel hold add --number '+44 20 7183 8750' --reason 'claim 2026/17'", "what is here and what comes later"],
      ["callreel hold add 401786818008 --reason 'claim 2026/17'", "this recording"],
      ["callreel hold list", "what is kept, since when, why and by whom"],
      ["callreel hold remove hold-3 --reason settled", "lift it; the audit log keeps both"],
    ],
    load: async () => (await import("../commands/hold.ts")).hold,
  },
  {
    name: "ledger",
    args: "<action> <from> <to>",
    words: [["copy"]],
    summary: "copy an archive's ledger from its folder into PostgreSQL, or back; all is read back and compared",
    groups: [
      some("Archive", { ...runOptions, ...bucketOptions }, "ledgerPasswordFile", "s3Endpoint"),
      lock,
      some("Show", showOptions, "json", "quiet", "verbose", "noColor"),
    ],
    examples: [
      ["callreel ledger copy /srv/calls postgres://callreel@db.example/archive", "from one machine to many"],
      ["callreel ledger copy postgres://callreel@db.example/archive /srv/calls", "and back"],
    ],
    load: async () => (await import("../commands/ledger.ts")).ledger,
  },
  {
    name: "auth",
    args: "<action> <source>",
    words: [
      ["login", "status", "logout"],
      ["ringcentral", "tim"],
    ],
    summary: "login, status or logout, of ringcentral or tim",
    makesSettings: true,
    groups: [logs, ...sourceGroups],
    examples: [
      ["callreel auth login ringcentral --client-id ID", "in the browser"],
      ["callreel auth status ringcentral", "who, which scopes, how long"],
      ["callreel auth login tim --tim-url https://tim.example", "asks for user and password"],
    ],
    load: async () => (await import("../commands/auth.ts")).auth,
  },
  {
    name: "config",
    args: "<action> [name] [value...]",
    words: [
      ["get", "set", "unset", "list", "path", "profiles"],
      [...settingNames, "copy", "delete"],
    ],
    summary: "get, set, unset, list, or the path of the settings file; the profiles that it holds",
    groups: [some("Show", showOptions, "json")],
    withoutSettings: true,
    examples: [
      ["callreel config set dest /srv/calls", "in the default profile"],
      ["callreel config list --profile work", "which value wins, and where it came from"],
      ["callreel config profiles", "which profiles there are; also profiles copy FROM TO, profiles delete NAME"],
    ],
    load: async () => (await import("../commands/config.ts")).config,
  },
  {
    name: "doctor",
    summary:
      "check everything and say what to fix: folders, network, TLS, clock, token, scopes, role, limits, database",
    groups: [
      groups.dest,
      some("S3", bucketOptions, "s3Region", "s3ObjectLock"),
      groups.select,
      some("Write", writeOptions, "insights"),
      logs,
      ...sourceGroups,
    ],
    examples: [["callreel doctor -s ringcentral", "before the first export"]],
    load: async () => (await import("../commands/doctor.ts")).doctor,
  },
  {
    name: "completion",
    args: "<shell>",
    words: [["bash", "zsh", "fish"]],
    summary: "completion script for bash, zsh or fish",
    groups: [],
    withoutSettings: true,
    examples: [["source <(callreel completion bash)", "in .bashrc"]],
    load: async () => (await import("../commands/completion.ts")).completionOf(commands),
  },
  {
    name: "sandbox",
    summary: "run a local RingCentral and TIM Enterprise to try things with; prints the settings to use",
    groups: [{ title: "Sandbox", options: sandboxOptions }],
    withoutSettings: true,
    examples: [
      ["callreel sandbox", "serves until stopped"],
      ["callreel sandbox --rate 100 --window 1 --json", "a fast rate limit; the settings as one JSON object"],
    ],
    load: async () => (await import("../commands/sandbox.ts")).sandbox,
  },
  {
    name: "demo",
    summary: "sandbox and a real download from both systems, in one command, into ./recordings",
    groups: [some("Archive", writeOptions, "dest")],
    withoutSettings: true,
    examples: [["callreel demo", "takes half a minute at most; run again, it skips everything"]],
    foldersOnly: true,
    load: async () => {
      const { demoOf } = await import("../commands/demo.ts");
      return demoOf((await import("../commands/download.ts")).download);
    },
  },
];
