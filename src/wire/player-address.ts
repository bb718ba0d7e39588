import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stateFolder } from "../config.ts";
import type { Io } from "../io.ts";

/** Tells other commands where the player runs (never its key), until disposed. */
export function announcePlayer(address: string, { env, pid }: Io): Disposable {
  const file = join(stateFolder(env), "player.json");
  mkdirSync(stateFolder(env), { recursive: true, mode: 0o700 });
  writeFileSync(file, `${JSON.stringify({ address, pid })}\n`, { mode: 0o600 });
  return {
    [Symbol.dispose]() {
      // Another player may have started since.
      if (read(file).pid === pid) rmSync(file, { force: true });
    },
  };
}

/** The address of the running player, as far as one told. */
export function runningPlayer({ env }: Io): string | undefined {
  const { address } = read(join(stateFolder(env), "player.json"));
  return typeof address === "string" && /^https?:\/\/[^\s?#]+$/.test(address) ? address : undefined;
}

function read(file: string): { address?: unknown; pid?: unknown } {
  try {
    const read: unknown = JSON.parse(readFileSync(file, "utf8"));
    return typeof read === "object" && read !== null ? read : {};
  } catch {
    return {};
  }
}
