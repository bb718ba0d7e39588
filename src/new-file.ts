import { randomBytes } from "node:crypto";

/**
 * A name beside `path` for what is to replace it. Nobody can foresee it and put a link of his own there; to be opened
 * with `wx`, so that nothing that stands anywhere is ever written into.
 */
export function nameBeside(path: string): string {
  return `${path}.${randomBytes(8).toString("hex")}.part`;
}

/** Whether `other` is such a name beside `path`. */
export function isNameBeside(other: string, path: string): boolean {
  return other.startsWith(`${path}.`) && /^[\da-f]{16}\.part$/.test(other.slice(path.length + 1));
}
