import { RecordingError } from "../../core/model/errors.ts";
import { atOnce, rollBack, type Sqlite } from "../../platform/sqlite.ts";

/** "reel" in ASCII: tells our file from another program's. */
const applicationId = 0x7265656c;

/** What became of each recording, as its entry says. */
export const outcomesOfEntries = `
   INSERT INTO outcomes (at, key, state, proven, bytes, sha256)
     SELECT coalesce(done_at, changed), key, state, CASE WHEN state NOT IN ('done', 'purged')
       THEN coalesce(json_extract(evidence, '$.proven'), 0) END,
       CASE state WHEN 'done' THEN bytes END, CASE state WHEN 'done' THEN unhex(sha256) END
     FROM recordings WHERE state IN ('done', 'purged', 'gone', 'no-recording', 'forbidden') ORDER BY seq`;

/**
 * Each step brings the file from the version before it to its own (`user_version`); a step that was released never changes.
 * Times in `recordings` are milliseconds since 1970 (UTC), except `start`, which stands as the source wrote it.
 */
const migrations: readonly string[] = [
  `
CREATE TABLE recordings (
  seq INTEGER PRIMARY KEY,
  key TEXT NOT NULL UNIQUE,
  source TEXT NOT NULL,
  id TEXT NOT NULL,
  state TEXT NOT NULL,
  path TEXT,
  bytes INTEGER,
  sha256 TEXT,
  content_type TEXT,
  audio_seconds REAL,
  start TEXT NOT NULL DEFAULT '',
  duration REAL,
  direction TEXT,
  from_number TEXT,
  to_number TEXT,
  extension TEXT,
  name TEXT,
  type TEXT,
  session TEXT,
  account TEXT,
  call_id TEXT,
  locator TEXT NOT NULL DEFAULT '{}',
  attempts INTEGER NOT NULL DEFAULT 0,
  error_code TEXT,
  error_message TEXT,
  first_seen INTEGER NOT NULL,
  changed INTEGER NOT NULL,
  done_at INTEGER,
  run_id TEXT,
  lease_owner TEXT
);
CREATE INDEX recordings_by_start ON recordings (start);
CREATE INDEX recordings_not_done ON recordings (start) WHERE state <> 'done';

CREATE TABLE holdings (
  source TEXT NOT NULL,
  month TEXT NOT NULL,
  state TEXT NOT NULL,
  entries INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  ms INTEGER NOT NULL,
  PRIMARY KEY (source, month, state)
) WITHOUT ROWID;
${holdingsTrigger("recording_added", "INSERT", "", [add("new")])}
${holdingsTrigger("recording_removed", "DELETE", "", [subtract("old")])}
${holdingsTrigger(
  "recording_changed",
  "UPDATE OF source, start, state, bytes, audio_seconds, duration",
  "WHEN old.state <> new.state OR new.state = 'done' OR old.start <> new.start",
  [subtract("old"), add("new")],
)}

CREATE TABLE leases (
  run_id TEXT PRIMARY KEY,
  pid INTEGER NOT NULL,
  host TEXT NOT NULL,
  version TEXT NOT NULL,
  started INTEGER NOT NULL,
  selection TEXT NOT NULL,
  until INTEGER NOT NULL,
  done INTEGER NOT NULL DEFAULT 0,
  failed INTEGER NOT NULL DEFAULT 0,
  bytes INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;

CREATE TABLE runs (
  seq INTEGER PRIMARY KEY,
  run_id TEXT NOT NULL,
  version TEXT NOT NULL,
  started TEXT NOT NULL,
  finished TEXT NOT NULL,
  result TEXT NOT NULL,
  exit_code INTEGER,
  done INTEGER NOT NULL,
  skipped INTEGER NOT NULL,
  failed INTEGER NOT NULL,
  rejected INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  ms INTEGER NOT NULL,
  reasons TEXT NOT NULL,
  stopped_code TEXT,
  stopped_message TEXT,
  selection TEXT NOT NULL,
  prev_hash TEXT NOT NULL,
  hash TEXT NOT NULL
);
CREATE TABLE audits (
  seq INTEGER PRIMARY KEY,
  at TEXT NOT NULL,
  action TEXT NOT NULL,
  key TEXT,
  detail TEXT,
  prev_hash TEXT NOT NULL,
  hash TEXT NOT NULL
);
CREATE TABLE chains (name TEXT PRIMARY KEY, entries INTEGER NOT NULL, head TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE kept (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

CREATE VIEW archive AS SELECT key, state, path, bytes, sha256, content_type, audio_seconds, start, duration, direction,
  from_number, to_number, extension, name, attempts, error_code, error_message,
  strftime('%Y-%m-%dT%H:%M:%fZ', first_seen / 1000.0, 'unixepoch') AS first_seen,
  strftime('%Y-%m-%dT%H:%M:%fZ', changed / 1000.0, 'unixepoch') AS changed,
  strftime('%Y-%m-%dT%H:%M:%fZ', done_at / 1000.0, 'unixepoch') AS done_at, run_id FROM recordings;
`,
  `
CREATE TABLE hooks (key TEXT PRIMARY KEY, failure TEXT, changed INTEGER NOT NULL) WITHOUT ROWID;
`,
  // What is known of why a recording cannot be had, as JSON (core/evidence.ts); it outlasts other failures in between.
  "ALTER TABLE recordings ADD COLUMN evidence TEXT",
  // Done, but clearly shorter than its call: 1 until it was asked for once more, 2 afterwards.
  `ALTER TABLE recordings ADD COLUMN short INTEGER;
   UPDATE recordings SET short = 1 WHERE state = 'done' AND audio_seconds < duration - 30 AND audio_seconds < duration / 2;
   CREATE INDEX recordings_short ON recordings (start) WHERE short IS NOT NULL`,
  // What is odd about a file that was kept all the same.
  "ALTER TABLE recordings ADD COLUMN note TEXT",
  // What became of each recording, only ever added to; records close it with a Merkle root and name the other chain's newest.
  `CREATE TABLE outcomes (seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, key TEXT NOT NULL, state TEXT NOT NULL,
     proven INTEGER, bytes INTEGER, sha256 BLOB);
   ${outcomesOfEntries};
   ALTER TABLE runs ADD COLUMN outcomes INTEGER; ALTER TABLE runs ADD COLUMN outcomes_root TEXT;
   ALTER TABLE runs ADD COLUMN linked INTEGER; ALTER TABLE runs ADD COLUMN linked_hash TEXT;
   ALTER TABLE audits ADD COLUMN outcomes INTEGER; ALTER TABLE audits ADD COLUMN outcomes_root TEXT;
   ALTER TABLE audits ADD COLUMN linked INTEGER; ALTER TABLE audits ADD COLUMN linked_hash TEXT;
   ALTER TABLE recordings ADD COLUMN damage TEXT`,
  // Whose the extension is.
  "ALTER TABLE recordings ADD COLUMN user_name TEXT",
  // Purged, but their files may not all be deleted yet: what a purge that breaks off leaves for the next one.
  "CREATE TABLE purging (key TEXT PRIMARY KEY, path TEXT) WITHOUT ROWID",
  // Who did it and where, why it was done, and what calls a run had listed (JSON); records of before have none of it.
  `ALTER TABLE runs ADD COLUMN operator TEXT; ALTER TABLE runs ADD COLUMN host TEXT; ALTER TABLE runs ADD COLUMN listed TEXT;
   ALTER TABLE audits ADD COLUMN operator TEXT; ALTER TABLE audits ADD COLUMN host TEXT; ALTER TABLE audits ADD COLUMN reason TEXT;
   ALTER TABLE leases ADD COLUMN operator TEXT;
   CREATE INDEX runs_by_time ON runs (started); CREATE INDEX audits_by_time ON audits (at);
   CREATE INDEX audits_by_key ON audits (key) WHERE key IS NOT NULL`,
  // Legal holds, of which none is ever deleted; and of what is being purged, the call that a hold may ask for.
  `CREATE TABLE holds (seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, rule TEXT NOT NULL, reason TEXT, operator TEXT,
     host TEXT, removed INTEGER);
   ALTER TABLE purging ADD COLUMN call TEXT`,
  // 1 while only a person's word stands for the recording: such a row is gone with its claim unless the recording comes.
  `ALTER TABLE recordings ADD COLUMN named INTEGER;
   CREATE INDEX recordings_named ON recordings (lease_owner) WHERE named = 1`,
  // The transcripts beside a recording's audio (JSON), what they say line by line, and those of what is being purged.
  `ALTER TABLE recordings ADD COLUMN transcripts TEXT;
   CREATE TABLE spoken (recording INTEGER PRIMARY KEY, noted INTEGER NOT NULL, cut INTEGER, marks TEXT NOT NULL,
     words TEXT NOT NULL);
   ALTER TABLE purging ADD COLUMN transcripts TEXT`,
  // What a bucket calls the bytes that were uploaded: another name means other bytes, or the same uploaded anew.
  "ALTER TABLE recordings ADD COLUMN etag TEXT",
];

/** Whether a ledger of this version has holds. */
export function knowsHolds(version: number): boolean {
  return version > migrations.findIndex((step) => step.includes("CREATE TABLE holds"));
}

/** Brings the file to the newest version; two processes may try it at once. */
export function migrate(sqlite: Sqlite, path: string): void {
  if (schemaVersion(sqlite, path) === "current") return;
  sqlite.exec("BEGIN IMMEDIATE");
  try {
    for (const [from, step] of migrations.entries())
      if (from >= versionOf(sqlite)) sqlite.exec(withVersion(step, from + 1));
    sqlite.exec("COMMIT");
  } catch (error) {
    rollBack(sqlite);
    throw error;
  }
}

/** Whether the file needs steps. Throws `ledger` for a file from a newer callreel or from another program. */
export function schemaVersion(sqlite: Sqlite, path: string): "older" | "current" {
  const { version, foreign } = atOnce(sqlite, () => {
    const version = versionOf(sqlite);
    const others =
      version === 0 ? countTables(sqlite) > 0 : numberOf(sqlite, "PRAGMA application_id") !== applicationId;
    return { version, foreign: others };
  });
  if (foreign) {
    throw new RecordingError("ledger", `${path} belongs to another program: give a different file with --ledger.`);
  }
  if (version > migrations.length) {
    throw new RecordingError(
      "ledger",
      `The ledger ${path} is from a newer callreel (version ${version}, this one knows ${migrations.length}): update callreel.`,
    );
  }
  return version < migrations.length ? "older" : "current";
}

function withVersion(step: string, version: number): string {
  return `${step}; PRAGMA user_version = ${version}; PRAGMA application_id = ${applicationId};`;
}

function versionOf(sqlite: Sqlite): number {
  return numberOf(sqlite, "PRAGMA user_version");
}

function countTables(sqlite: Sqlite): number {
  return numberOf(sqlite, "SELECT count(*) FROM sqlite_master");
}

function numberOf(sqlite: Sqlite, sql: string): number {
  return Number(Object.values(sqlite.prepare(sql).get() as object)[0]);
}

/** `holdings` is counted by triggers, so that it stays right whoever writes. */
function holdingsTrigger(name: string, event: string, when: string, steps: readonly string[]): string {
  return `CREATE TRIGGER ${name} AFTER ${event} ON recordings ${when} BEGIN ${steps.join("; ")}; END;`;
}

function add(row: string): string {
  return `INSERT INTO holdings VALUES (${row}.source, substr(${row}.start, 1, 7), ${row}.state, 1, ${held(row)}, ${lasting(row)})
  ON CONFLICT DO UPDATE SET entries = entries + 1, bytes = bytes + excluded.bytes, ms = ms + excluded.ms`;
}

function subtract(row: string): string {
  return `UPDATE holdings SET entries = entries - 1, bytes = bytes - ${held(row)}, ms = ms - ${lasting(row)}
  WHERE source = ${row}.source AND month = substr(${row}.start, 1, 7) AND state = ${row}.state`;
}

function held(row: string): string {
  return `CASE ${row}.state WHEN 'done' THEN coalesce(${row}.bytes, 0) ELSE 0 END`;
}

function lasting(row: string): string {
  return `CASE ${row}.state WHEN 'done' THEN CAST(coalesce(${row}.audio_seconds, ${row}.duration, 0) * 1000 AS INTEGER) ELSE 0 END`;
}
