import { yieldNote } from "../../core/download/evidence.ts";
import type { Claim } from "../../core/model/ledger.ts";
import type { RecordingKey, RecordingRef } from "../../core/model/recording.ts";
import { type Asker, brings, type Held, reclaimRefusal, refused, repeated } from "../claim-rules.ts";
import { evidenceOf, refColumns, refUpdates, refValues } from "../recording-row.ts";
import { keptValues } from "./key-value.ts";
import { livingRuns } from "./leases.ts";
import type { Tables } from "./store.ts";

interface FoundRow {
  readonly key: RecordingKey;
  readonly state: Held["state"];
  readonly path: string | null;
  readonly attempts: number;
  readonly run_id: string | null;
  readonly lease_owner: string | null;
  readonly evidence: string | null;
  readonly short: number | null;
  readonly named: number | null;
  readonly damage: string | null;
}

/** Others may take the same recordings between a look and the claim: then it looks again. */
const mostLooks = 20;

/** Claims all that may be claimed in one statement, sorted by key, that takes only what is still as it was seen. */
export async function claimAll(tables: Tables, refs: readonly RecordingRef[], runId: string): Promise<Claim[]> {
  const claims: (Claim | undefined)[] = new Array(refs.length).fill(undefined);
  for (let looks = 0; looks < mostLooks; looks++) {
    const open = refs.map((_, at) => at).filter((at) => claims[at] === undefined);
    if (open.length === 0) break;
    const held = await lookUp(
      tables,
      open.map((at) => refs[at]!),
    );
    const asker = await askerFor(tables, runId, held);
    const wanted = new Map<RecordingKey, number>();
    for (const at of open) {
      const ref = refs[at]!;
      const known = held.get(ref.key);
      claims[at] = wanted.has(ref.key) ? repeated : refused(known, asker);
      if (claims[at] === undefined) wanted.set(ref.key, at);
      else if (brings(ref, known)) await take(tables, [ref], held, known?.leaseOwner ?? null, true);
    }
    await grant(tables, refs, wanted, held, runId, claims);
  }
  return claims.map((claim) => claim ?? { granted: false, reason: "claimed" });
}

/** Takes what is wanted, and notes those that were still as they were seen. */
async function grant(
  tables: Tables,
  refs: readonly RecordingRef[],
  wanted: ReadonlyMap<RecordingKey, number>,
  held: ReadonlyMap<RecordingKey, Seen>,
  runId: string,
  claims: (Claim | undefined)[],
): Promise<void> {
  const asked = [...wanted.values()].map((at) => refs[at]!);
  const taken = await take(tables, asked, held, runId);
  for (const [key, at] of wanted) {
    if (taken.has(key)) claims[at] = { granted: true, attempts: held.get(key)?.attempts ?? 0 };
  }
}

/** Claims one that `claimAll` refuses because it is done or is said to be gone. */
export async function reclaim(tables: Tables, ref: RecordingRef, runId: string): Promise<Claim> {
  for (let looks = 0; looks < mostLooks; looks++) {
    const held = await lookUp(tables, [ref]);
    const known = held.get(ref.key);
    const reason = known && reclaimRefusal(known, await askerFor(tables, runId, held));
    if (reason !== undefined) return { granted: false, reason };
    const taken = await take(tables, [ref], held, runId);
    if (taken.has(ref.key)) return { granted: true, attempts: known?.attempts ?? 0 };
  }
  return { granted: false, reason: "claimed" };
}

type Seen = Held & { readonly row: FoundRow };

async function lookUp(tables: Tables, refs: readonly RecordingRef[]): Promise<ReadonlyMap<RecordingKey, Seen>> {
  const rows = await tables.rows<FoundRow>(
    `SELECT key, state, path, attempts, run_id, lease_owner, evidence, short, named, damage FROM recordings
     WHERE key = ANY ($1::text[])`,
    [refs.map(({ key }) => key)],
  );
  return new Map(rows.map((row) => [row.key, heldOf(row)]));
}

function heldOf(row: FoundRow): Seen {
  const { state, path, attempts, run_id, lease_owner, evidence, short, named, damage } = row;
  const known = evidence === null ? null : evidenceOf(evidence);
  const flags = { short: short === 1, named: named === 1, damaged: damage !== null };
  return { state, path, attempts, runId: run_id, leaseOwner: lease_owner, evidence: known, ...flags, row };
}

async function askerFor(tables: Tables, runId: string, held: ReadonlyMap<string, Held>): Promise<Asker> {
  const living = await livingRuns(tables);
  const addresses = [...held.values()].flatMap(({ evidence }) => (evidence === null ? [] : [evidence.by]));
  const kept = await keptValues(tables, addresses.map(yieldNote));
  return {
    runId,
    now: () => tables.now,
    lives: (owner) => living.has(owner),
    hasYielded: (address) => kept.has(yieldNote(address)),
  };
}

const numbers: ReadonlySet<string> = new Set(["duration"]);
const columns = refColumns.map((column) => `${column} ${numbers.has(column) ? "double precision" : "text"}`).join(", ");

/** Those that were still as they were seen, and are the owner's now. What is merely learnt leaves claims as they are. */
async function take(
  tables: Tables,
  refs: readonly RecordingRef[],
  held: ReadonlyMap<RecordingKey, Seen>,
  owner: string | null,
  learning = false,
): Promise<ReadonlySet<RecordingKey>> {
  if (refs.length === 0) return new Set();
  const asked = refs.map((ref) => {
    const seen = held.get(ref.key)?.row;
    return {
      ...Object.fromEntries(refValues(ref).map((value, at) => [refColumns[at], value])),
      named: ref.named && !learning ? 1 : null,
      ...(seen && {
        seen_state: seen.state,
        seen_owner: seen.lease_owner,
        seen_attempts: seen.attempts,
        seen_run: seen.run_id,
      }),
    };
  });
  const rows = await tables.rows<{ key: RecordingKey }>(
    `WITH asked AS MATERIALIZED (SELECT *, nextval(pg_get_serial_sequence('recordings', 'seq')) AS seq FROM jsonb_to_recordset($1::jsonb) AS a
       (${columns}, named integer, seen_state text, seen_owner text, seen_attempts integer, seen_run text))
     INSERT INTO recordings (seq, ${refColumns.join(", ")}, state, first_seen, changed, lease_owner, named)
     SELECT seq, ${refColumns.join(", ")}, 'pending', $2::bigint, $2::bigint, $3::text, named FROM asked ORDER BY key COLLATE "C"
     ON CONFLICT (key) DO UPDATE SET ${refUpdates}, lease_owner = excluded.lease_owner,
       named = CASE excluded.named WHEN 1 THEN recordings.named END
     WHERE EXISTS (SELECT 1 FROM asked WHERE asked.key = excluded.key AND asked.seen_state = recordings.state
       AND asked.seen_owner IS NOT DISTINCT FROM recordings.lease_owner AND asked.seen_attempts = recordings.attempts
       AND asked.seen_run IS NOT DISTINCT FROM recordings.run_id)
     RETURNING key`,
    [JSON.stringify(asked), tables.now, owner],
  );
  return new Set(rows.map(({ key }) => key));
}
