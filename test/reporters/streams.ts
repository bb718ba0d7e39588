import { PassThrough } from "node:stream";

/** A stream that says it is a terminal, and keeps what was written. */
export function terminalStream(columns = 80, rows = 24) {
  return Object.assign(collectingStream(), { isTTY: true, columns, rows });
}

/** A stream that keeps what was written. */
export function collectingStream() {
  const stream = new PassThrough();
  let text = "";
  stream.on("data", (chunk: Buffer) => {
    text += chunk.toString();
  });
  return Object.assign(stream, { written: () => text, lines: () => text.split("\n").slice(0, -1) });
}
