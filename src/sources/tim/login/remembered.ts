import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export type Scheme = "basic" | "digest";

/** Which login scheme each server took, kept between runs so that the next one need not ask. */
export interface SchemeMemory {
  recall(origin: string): Scheme | undefined;
  keep(origin: string, scheme: Scheme): void;
}

/** A memory in a file of `folder`; without a folder it forgets. A file that cannot be read or written only costs a request. */
export function openSchemeMemory(folder: string | undefined): SchemeMemory {
  if (folder === undefined) return { recall: () => undefined, keep: () => {} };
  const file = join(folder, "tim-login-schemes.json");
  return {
    recall: (origin) => read(file).get(origin),
    keep(origin, scheme) {
      const schemes = read(file);
      if (schemes.get(origin) === scheme) return;
      schemes.set(origin, scheme);
      write(folder, file, JSON.stringify(Object.fromEntries(schemes)));
    },
  };
}

function read(file: string): Map<string, Scheme> {
  try {
    const entries = Object.entries(JSON.parse(readFileSync(file, "utf8")) as object);
    return new Map(entries.filter((entry): entry is [string, Scheme] => entry[1] === "basic" || entry[1] === "digest"));
  } catch {
    return new Map();
  }
}

function write(folder: string, file: string, text: string): void {
  const temporary = `${file}.${process.pid}`;
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    writeFileSync(temporary, text, { mode: 0o600 });
    renameSync(temporary, file);
  } catch {
    // The next run asks the server again.
  }
}
