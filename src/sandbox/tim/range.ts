import type { IncomingMessage } from "node:http";

/** Bytes from `from` up to, not including, `to`. */
export interface ByteRange {
  readonly from: number;
  readonly to: number;
}

/** The one range a request asks for; undefined means the whole body, as for several ranges or a changed validator. */
export function rangeOf(
  { headers }: IncomingMessage,
  bytes: number,
  etag: string | undefined,
): ByteRange | "unsatisfiable" | undefined {
  const condition = headers["if-range"];
  if (condition !== undefined && (condition !== etag || etag.startsWith("W/"))) return undefined;
  const [, first = "", last = ""] = /^bytes=(\d*)-(\d*)$/.exec(headers.range ?? "") ?? [];
  if (first === "" && last === "") return undefined;
  if (first === "")
    return Number(last) === 0 ? "unsatisfiable" : { from: Math.max(0, bytes - Number(last)), to: bytes };
  if (Number(first) >= bytes) return "unsatisfiable";
  return { from: Number(first), to: last === "" ? bytes : Math.min(bytes, Number(last) + 1) };
}
