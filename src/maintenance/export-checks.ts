import type { Invocation } from "../cli/io.ts";
import { openMeter } from "../composition/reporter.ts";
import type { LedgerEntry } from "../core/model/ledger.ts";
import { type VerifyPorts, verifyEntries } from "../core/proof/verify.ts";
import { formatBytes, formatNumberOf } from "../core/text.ts";

/** What an export took in. */
export interface Filled {
  /** Recordings. */
  readonly files: number;
  readonly bytes: number;
  /** Files that are not as the ledger says; each was told. */
  readonly differences: number;
  /** Of all recordings, as CSV. */
  readonly catalogue?: string;
  /** Recordings that were left out because nobody knows when their calls began. */
  readonly undated?: number;
}

/** Holds each file of an export, read by `hash` on its way, against the ledger, and tells what differs and how far it is. */
export async function checkAll(
  pages: AsyncIterable<readonly LedgerEntry[]>,
  hash: VerifyPorts["hash"],
  invocation: Invocation,
): Promise<Filled> {
  const { io, settings } = invocation;
  const came = { files: 0, bytes: 0, differences: 0 };
  const meter = openMeter(invocation, () => `${formatNumberOf(came.files, "file")}, ${formatBytes(came.bytes)} copied`);
  const stoppable = async function* () {
    for await (const page of pages) {
      io.stop.throwIfAborted();
      yield page;
    }
  };
  try {
    await verifyEntries(stoppable(), undefined, 1, {
      hash,
      differs: (difference) => {
        came.differences += 1;
        const { kind, path, message } = difference;
        const text = settings.json
          ? JSON.stringify({ event: "finding", time: new Date(io.clock.now()).toISOString(), ...difference })
          : `${kind}: ${path}: ${message}`;
        meter.above(() => io.stdout.write(`${text}\n`));
      },
      checked: (size) => {
        came.files += 1;
        came.bytes += size;
        meter.tick();
      },
    });
  } finally {
    meter.close();
  }
  return came;
}
