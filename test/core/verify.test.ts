import { expect, it } from "vitest";
import { RecordingError } from "../../src/core/model/errors.ts";
import type { LedgerEntry } from "../../src/core/model/ledger.ts";
import { type Difference, type Subset, verifyEntries } from "../../src/core/proof/verify.ts";
import { callRef } from "../helpers/calls-server.ts";

function entry(id: string): LedgerEntry {
  return {
    ref: callRef(id),
    state: "done",
    stored: { path: `${id}.wav`, bytes: 10, sha256: `sha-${id}`, contentType: "audio/wav" },
    attempts: 1,
    firstSeenMs: 0,
    changedMs: 0,
    runId: "r",
  };
}

async function verify(
  entries: readonly LedgerEntry[],
  files: Record<string, { bytes: number; sha256: string }>,
  subset?: Subset,
) {
  const differences: Difference[] = [];
  const read: string[] = [];
  const sizes: number[] = [];
  const checked = (bytes: number) => sizes.push(bytes);
  async function* pages() {
    yield entries;
  }
  const hash = async (path: string) => {
    read.push(path);
    return files[path];
  };
  await verifyEntries(pages(), subset, 2, {
    hash,
    differs: (found) => differences.push(found),
    checked,
  });
  return { differences, read, checked: sizes.length };
}

it("names each file that is missing, of another length, or changed", async () => {
  const { differences, checked } = await verify([entry("a"), entry("b"), entry("c"), entry("d")], {
    "a.wav": { bytes: 10, sha256: "sha-a" },
    "b.wav": { bytes: 9, sha256: "sha-b" },
    "c.wav": { bytes: 10, sha256: "other" },
  });
  expect(differences.map(({ kind, path }) => `${kind} ${path}`).sort()).toEqual([
    "changed b.wav",
    "changed c.wav",
    "missing d.wav",
  ]);
  expect(checked).toBe(4);
});

it("reads each recording in exactly one part of a divided archive", async () => {
  const entries = Array.from({ length: 200 }, (_, at) => entry(`rec-${at}`));
  const parts = await Promise.all([1, 2, 3].map((part) => verify(entries, {}, { part, of: 3 })));
  const all = parts.flatMap((each) => each.read);
  expect(all.length).toBe(200);
  expect(new Set(all).size).toBe(200);
  for (const each of parts) expect(each.read.length).toBeGreaterThan(30);
});

it("passes over entries that hold no file", async () => {
  const { stored: _stored, ...without } = entry("x");
  expect((await verify([without], {})).checked).toBe(0);
});

it("goes on past a file that cannot be read and a sidecar that tells another hash, but not past a bug", async () => {
  const differences: Difference[] = [];
  async function* pages() {
    yield [entry("a"), entry("b")];
  }
  const hash = async (path: string) => {
    if (path === "a.wav") throw new RecordingError("disk-io", "It cannot be read.");
    return { bytes: 10, sha256: "sha-b" };
  };
  const ports = { hash, differs: (found: Difference) => differences.push(found), checked: () => {} };
  const sidecarHash = () => ({ sha256: "other", by: "b.info.json" });
  await verifyEntries(pages(), undefined, 2, { ...ports, sidecarHash });
  expect(differences.map(({ kind }) => kind).sort()).toEqual(["sidecar", "sidecar", "unreadable"]);
  const broken = async () => {
    throw new Error("a bug");
  };
  await expect(verifyEntries(pages(), undefined, 2, { ...ports, hash: broken })).rejects.toThrow("a bug");
});

it("reads a recording's transcripts with it, and tells what is wrong with them as no fault of the recording", async () => {
  const transcripts = ["a.vtt", "a.srt", "a.txt"].map((path) => ({ path, bytes: 3, sha256: `sha-${path}` }));
  const damaged: unknown[] = [];
  const differences: Difference[] = [];
  let bytes = 0;
  const files: Record<string, { bytes: number; sha256: string }> = {
    "a.wav": { bytes: 10, sha256: "sha-a" },
    "a.vtt": { bytes: 3, sha256: "sha-a.vtt" },
    "a.srt": { bytes: 3, sha256: "other" },
  };
  async function* pages() {
    yield [{ ...entry("a"), transcripts }];
  }
  await verifyEntries(pages(), undefined, 1, {
    hash: async (path) => files[path],
    differs: (found) => differences.push(found),
    damaged: (key) => damaged.push(key),
    checked: (size) => {
      bytes += size;
    },
  });
  expect(differences.map(({ kind, path, transcript }) => [kind, path, transcript])).toEqual([
    ["changed", "a.srt", true],
    ["missing", "a.txt", true],
  ]);
  expect(differences[0]?.message).toBe("its SHA-256 has changed since it was noted");
  expect([damaged, bytes]).toEqual([[], 16]);
});
