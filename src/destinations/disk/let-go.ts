/** Smaller memory is shared: Node cuts short buffers out of one. */
const leastOwn = 16 * 1024;

/**
 * Gives the memory of written bytes back at once. What the network brings lies in memory outside the heap, which would
 * grow by tens of megabytes, and make the whole heap be marked again and again, before a collection let it go. Only
 * bytes up to the very end of what was read at once are let go: nothing that is still to be used can lie behind them.
 */
export function letGo(bytes: Uint8Array): void {
  const { buffer, byteOffset, byteLength } = bytes;
  if (buffer.byteLength < leastOwn || byteOffset + byteLength !== buffer.byteLength) return;
  try {
    (buffer as Transferable).transfer?.(0);
  } catch {
    // Memory that Node shares among buffers says that it is not to be taken.
  }
}

/** Node 20 has it only where V8 was asked for it. */
interface Transferable {
  transfer?(length: number): ArrayBuffer;
}
