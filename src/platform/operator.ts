import { hostname, userInfo } from "node:os";

/** Who works on the archive, and on which computer. */
export interface Operator {
  readonly name: string;
  readonly host: string;
}

/** The system's user that this process belongs to; one without a name is told by number. */
export function operatorHere(): Operator {
  return { name: userName(), host: hostname() };
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? "unknown"}`;
  }
}
