import { createHash } from "node:crypto";
import type { Invocation } from "../cli/io.ts";
import { startMs, systemZone } from "../core/local-time.ts";
import { RecordingError } from "../core/model/errors.ts";
import type { Archive, LedgerEntry } from "../core/model/ledger.ts";
import type { Store } from "../core/model/store.ts";
import type { FileState } from "../core/proof/verify.ts";
import { type CallGroup, openCallGroups } from "../core/vcon/call-groups.ts";
import { channelsOf } from "../core/vcon/channels.ts";
import { vconOf } from "../core/vcon/vcon.ts";
import { checkAll, type Filled } from "./export-checks.ts";
import type { ExportFolder } from "./export-folder.ts";
import { vconText } from "./vcon-text.ts";

/**
 * Writes a vCon for each call of a selection, `UUID.vcon.json`, with its recordings in it; with --player-url it refers to
 * them there. The same call with the same files has the same UUID whenever it is exported.
 */
export async function fillVcons(
  target: ExportFolder,
  entries: AsyncIterable<readonly LedgerEntry[]>,
  { store }: { readonly ledger: Archive; readonly store: Store },
  invocation: Invocation,
): Promise<Filled> {
  const { settings, io } = invocation;
  const urlOf = recordingUrls(invocation);
  const createdMs = io.clock.now();
  const startOf = ({ ref }: LedgerEntry) => startMs(ref.call.start, settings.timezone ?? systemZone) ?? Number.NaN;
  const states = new Map<string, FileState | RecordingError>();
  let undated = 0;

  async function write(legs: CallGroup): Promise<CallGroup> {
    states.clear();
    const uuid = uuidOf(legs, startOf);
    const channels = await Promise.all(legs.map(({ stored }) => channelsIn(store, stored?.path ?? "")));
    const parts = vconOf(legs, { uuid, createdMs, startOf, channels, ...(urlOf && { urlOf }) });
    await target.pour(`${uuid}.vcon.json`, vconText(parts, store, states));
    return legs;
  }
  async function* calls() {
    const groups = openCallGroups(startOf);
    for await (const page of entries) {
      const dated = page.filter((entry) => !Number.isNaN(startOf(entry)));
      undated += page.length - dated.length;
      for (const legs of groups.add(dated)) yield await write(legs);
    }
    for (const legs of groups.end()) yield await write(legs);
  }
  /** What was read on the way into the vCon. */
  async function stateOf(path: string): Promise<FileState | undefined> {
    const state = states.get(path);
    if (state instanceof RecordingError) throw state;
    return state;
  }
  const came = await checkAll(calls(), stateOf, invocation);
  return { ...came, undated };
}

/** What cannot be read is told when it is put in. */
async function channelsIn(store: Store, path: string): Promise<number> {
  try {
    await using reading = await store.read(path, { start: 0, end: mostHeadBytes - 1 });
    for await (const first of reading?.bytes ?? []) return channelsOf(Buffer.from(first));
  } catch (error) {
    if (!(error instanceof RecordingError)) throw error;
  }
  return 1;
}

/** Where a file tells how many channels it has. */
const mostHeadBytes = 64 * 1024;

/** Where recordings are referred to: only by the command line's word, for a profile's player may be reachable by few. */
function recordingUrls({ settings, flags }: Invocation): ((key: string) => string) | undefined {
  const { playerUrl } = settings;
  if (flags.playerUrl === undefined || playerUrl === undefined) return undefined;
  if (!playerUrl.startsWith("https://")) {
    throw new RecordingError(
      "usage",
      `--player-url: ${playerUrl} is not https, and a vCon may refer to recordings by https only.`,
    );
  }
  return (key) => `${playerUrl}/r/${key}`;
}

/** Version 8 (RFC 9562): the call's start, as in version 7, and a hash of what the call consists of. */
function uuidOf(legs: CallGroup, startOf: (entry: LedgerEntry) => number): string {
  const content = legs.map(({ ref, stored }) => [ref.key, stored?.sha256]);
  const bytes = createHash("sha256")
    .update(JSON.stringify(["callreel vcon", content]))
    .digest()
    .subarray(0, 16);
  const start = startOf(legs[0] as LedgerEntry);
  bytes.writeUIntBE(Math.max(0, Math.floor(start)), 0, 6);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
