import { createHash } from "node:crypto";

/**
 * A Merkle tree over a list that is only added to, as RFC 6962 section 2.1 defines it: a leaf is SHA-256(0x00, data), a
 * node SHA-256(0x01, left, right). It keeps one hash for each power of two, so a million leaves cost twenty hashes of memory.
 */
export interface Merkle {
  readonly leaves: number;
  add(data: string): void;
  /** Lower-case hex; of an empty list the hash of nothing. */
  root(): string;
  /** One that goes on from here on its own. */
  copy(): Merkle;
}

interface Peak {
  readonly height: number;
  readonly hash: Buffer;
}

const leafMark = Uint8Array.of(0);
const nodeMark = Uint8Array.of(1);

/** An empty tree, or one that goes on from the peaks of another. */
export function openMerkle(from: { readonly leaves: number; readonly peaks: readonly Peak[] } = empty): Merkle {
  const peaks = [...from.peaks];
  let leaves = from.leaves;
  return {
    get leaves() {
      return leaves;
    },
    add(data) {
      leaves += 1;
      let peak: Peak = {
        height: 0,
        hash: createHash("sha256").update(leafMark).update(data, "utf8").digest(),
      };
      while (peaks.at(-1)?.height === peak.height) {
        peak = {
          height: peak.height + 1,
          hash: nodeOf((peaks.pop() as Peak).hash, peak.hash),
        };
      }
      peaks.push(peak);
    },
    root() {
      const last = peaks.at(-1);
      if (last === undefined) return createHash("sha256").digest("hex");
      return peaks
        .slice(0, -1)
        .reduceRight((right, { hash }) => nodeOf(hash, right), last.hash)
        .toString("hex");
    },
    copy: () => openMerkle({ leaves, peaks }),
  };
}

const empty = { leaves: 0, peaks: [] };

function nodeOf(left: Buffer, right: Buffer): Buffer {
  return createHash("sha256").update(nodeMark).update(left).update(right).digest();
}
