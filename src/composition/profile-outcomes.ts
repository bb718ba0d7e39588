import { createHash } from "node:crypto";
import { hostname } from "node:os";
import type { Invocation } from "../cli/io.ts";
import { parseJson } from "../core/exact-json.ts";
import type { SharedState } from "../sources/ringcentral/index.ts";
import { selectionRecord } from "./head-and-seals.ts";
import { profileOf } from "./kept-logins.ts";

/** What became of a profile's download. */
export interface ProfileOutcome {
  readonly code: number;
  readonly why?: string;
  /** The other machine that did it. */
  readonly host?: string;
}

/** What a machine may say of a profile in the place of others: complete, failed after retries, login refused. */
const believed: ReadonlySet<number> = new Set([0, 3, 7]);

/** Tells the other machines what a download came to that began at `begunMs` of the database's clock. */
export async function keepOutcome(
  state: SharedState,
  turn: Invocation,
  outcome: ProfileOutcome & { readonly begunMs: number },
): Promise<void> {
  const selection = selectionDigest(turn);
  if (!believed.has(outcome.code) || selection === undefined) return;
  const text = JSON.stringify({ ...outcome, host: hostname(), selection });
  await state.update(nameFor(turn), () => ({ text, result: undefined }));
}

/** What another machine made of the same selection, begun at or after `sinceMs`; nothing that may have seen less. */
export async function outcomeOfOthers(
  state: SharedState,
  turn: Invocation,
  sinceMs: number,
): Promise<ProfileOutcome | undefined> {
  const text = await state.read(nameFor(turn));
  const selection = selectionDigest(turn);
  const kept = text === undefined ? undefined : (parseJson(text) as Record<string, unknown> | undefined);
  if (selection === undefined || kept?.selection !== selection || !(Number(kept.begunMs) >= sinceMs)) return undefined;
  const { code, why, host } = kept;
  return { code: Number(code), host: String(host), ...(typeof why === "string" ? { why } : {}) };
}

function nameFor({ settings }: Invocation): string {
  return `profile:${profileOf(settings)}`;
}

/** What is each machine's own, and changes nothing of what a run has to bring. */
const ownOfMachine: ReadonlySet<string> = new Set([
  ...["config", "dest", "spool", "jwtFile", "clientSecretFile", "accessTokenFile", "timPasswordFile", "tokenKeyFile"],
  ...["ledgerPasswordFile", "databasePasswordFile", "caFile", "json", "progress", "quiet", "verbose", "logFile"],
  ...["logFormat", "noColor", "stats", "metrics", "errorFile", "transfers", "lockWait", "lease", "maxDuration"],
  ...["tokenKey", "eachProfile", "profile"],
]);

/** The same for two runs that have to bring the same; undefined where rows on this machine say what. */
function selectionDigest(turn: Invocation): string | undefined {
  if (turn.settings.rows !== undefined || turn.settings.database !== undefined) return undefined;
  const asked = Object.entries(selectionRecord(turn)).filter(([key]) => !ownOfMachine.has(key));
  return createHash("sha256").update(JSON.stringify(asked.sort())).digest("hex").slice(0, 32);
}
