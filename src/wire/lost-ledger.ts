import { readdirSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { finishedFiles } from "../archive-files.ts";
import { RecordingError } from "../core/errors.ts";

/**
 * Throws `ledger` when an archive has lost its ledger: it is missing or has no byte, though something tells that there was
 * one. A new one would know nothing of what was purged. A folder of files from elsewhere is no such archive; `adopting`
 * says that a list of hashes among them may be from there too.
 */
export async function refuseLostLedger(root: string, file: string, adopting = false): Promise<void> {
  const state = lossOf(file);
  if (state === undefined) return;
  const trace = traceOf(root, file, state) ?? (adopting ? undefined : await traceInFiles(root, state));
  // Another process may have made it just now.
  if (trace === undefined || lossOf(file) === undefined) return;
  const remedy = "put a copy of it back, or run `callreel verify --rebuild` to make it anew from the files";
  throw new RecordingError("ledger", `The ledger ${file} is ${state}, though ${trace}: ${remedy}.`);
}

type Loss = "missing" | "empty";

function lossOf(file: string): Loss | undefined {
  const sizeOf = (path: string) => statSync(path, { throwIfNoEntry: false })?.size;
  const size = sizeOf(file);
  if (size === undefined) return "missing";
  return size === 0 && (sizeOf(`${file}-wal`) ?? 0) === 0 ? "empty" : undefined;
}

/** What only a ledger or its runs leave; an empty one may be another process's that is just being made. */
function traceOf(root: string, file: string, loss: Loss): string | undefined {
  const left = /^(-runs|\.aside-|\.new|\.rebuilt)/;
  const leftOfMissing = /^-(wal|shm)$/;
  const name = basename(file);
  const suffixes = namesIn(dirname(file))
    .filter((each) => each.startsWith(name))
    .map((each) => each.slice(name.length));
  const suffix = suffixes.find((each) => left.test(each) || (loss === "missing" && leftOfMissing.test(each)));
  const noted = namesIn(join(root, ".callreel")).find((each) => each === "head" || each === "seals");
  const trace = noted ?? (suffix === undefined ? undefined : name + suffix);
  return trace === undefined ? undefined : `there was one (${trace} is there)`;
}

/** Files alone may come from elsewhere; with our list of hashes, or beside an empty ledger, they are an archive's. */
async function traceInFiles(root: string, loss: Loss): Promise<string | undefined> {
  if (loss === "missing" && !namesIn(root).includes("SHA256SUMS")) return undefined;
  for await (const _ of finishedFiles(root)) return "the archive holds recordings";
  return undefined;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
