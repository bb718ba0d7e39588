import { hash as hashAtOnce } from "node:crypto";

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
        hash: hashAtOnce("sha256", `\0${data}`, "buffer"),
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
      if (last === undefined) return hashAtOnce("sha256", "", "hex");
      return peaks
        .slice(0, -1)
        .reduceRight((right, { hash }) => nodeOf(hash, right), last.hash)
        .toString("hex");
    },
    copy: () => openMerkle({ leaves, peaks }),
  };
}

const empty = { leaves: 0, peaks: [] };

/** Where the bytes of a node are put together: its mark and two hashes. */
const node = Buffer.of(1, ...Buffer.alloc(64));

function nodeOf(left: Buffer, right: Buffer): Buffer {
  node.set(left, 1);
  node.set(right, 33);
  return hashAtOnce("sha256", node, "buffer");
}
