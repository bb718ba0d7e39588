import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Archive } from "../../src/core/model/ledger.ts";
import type { Call, RecordingRef, Stored } from "../../src/core/model/recording.ts";
import { openArchive } from "../../src/ledgers/index.ts";
import { systemClock } from "../../src/platform/clock.ts";

/** An archive on disk of which a test knows every call; removed with `await using`. */
export interface KnownArchive extends AsyncDisposable {
  readonly home: string;
  readonly dest: string;
  /** Where a recording's file stands, absolute. */
  fileOf(id: string): string;
  /** Puts more recordings in, as a run would. */
  add(calls: Readonly<Record<string, Call>>): Promise<void>;
  /** The ledger, for what no command does. */
  open(): Promise<Archive>;
}

/** An archive of RingCentral recordings by id, each with a file of its own. */
export async function openKnownArchive(calls: Readonly<Record<string, Call>>): Promise<KnownArchive> {
  const home = mkdtempSync(join(tmpdir(), "callreel-known-"));
  const dest = join(home, "recordings");
  const pathOf = (id: string) => `ringcentral/${id}.wav`;
  const open = () => openArchive(join(dest, ".callreel", "ledger.db"), { clock: systemClock, pid: process.pid });
  const found = ([id, call]: readonly [string, Call]): { ref: RecordingRef; stored: Stored } => {
    const bytes = Buffer.from(`audio of ${id}`);
    const file = join(dest, pathOf(id));
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, bytes);
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    const ref = { key: `ringcentral/${id}`, source: "ringcentral" as const, id, locator: {}, call };
    return { ref, stored: { path: pathOf(id), bytes: bytes.length, sha256, contentType: "audio/wav" } };
  };
  const add = async (more: Readonly<Record<string, Call>>) => {
    await using ledger = await open();
    await ledger.adopt(Object.entries(more).map(found));
  };
  await add(calls);
  return {
    home,
    dest,
    fileOf: (id) => join(dest, pathOf(id)),
    add,
    open,
    [Symbol.asyncDispose]: async () => rmSync(home, { recursive: true, force: true }),
  };
}
