import { randomBytes } from "node:crypto";

/**
 * A name beside `path` for what is to replace it. Nobody can foresee it and put a link of his own there; to be opened
 * with `wx`, so that nothing that stands anywhere is ever written into.
 */
export function nameBeside(path: string): string {
  return `${path}.${randomBytes(8).toString("hex")}.part`;
}
