import { Readable } from "node:stream";

/** What a request carries: whole, or in pieces that are asked for as the line takes them. */
export type Upload = string | Uint8Array | AsyncIterable<Uint8Array>;

const pieceBytes = 64 * 1024;

/** The body as undici takes it. Bytes that come in pieces are counted in `counter.sent` as they go out. */
export function sentBody(upload: Upload | undefined, counter: { sent: number }): string | Uint8Array | Readable | null {
  if (upload === undefined) return null;
  return isPieces(upload) ? Readable.from(counted(upload, counter)) : upload;
}

function isPieces(upload: Upload): upload is AsyncIterable<Uint8Array> {
  return typeof upload === "object" && Symbol.asyncIterator in upload;
}

/** The body in pieces so small that a slow line is told from one that is dead. */
async function* counted(upload: AsyncIterable<Uint8Array>, counter: { sent: number }): AsyncGenerator<Uint8Array> {
  for await (const bytes of upload) {
    for (let at = 0; at < bytes.length; at += pieceBytes) {
      const piece = bytes.subarray(at, at + pieceBytes);
      counter.sent += piece.length;
      yield piece;
    }
  }
}
