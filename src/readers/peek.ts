const enoughBytes = 64 * 1024;
const enoughLines = 12;

/** The first lines of a text, and the whole of it, those lines included. */
export interface Peeked {
  readonly head: string;
  readonly blocks: AsyncIterable<Buffer>;
}

/** Reads ahead just far enough to tell what a text is: a few lines, or 64 KiB, or the first line of a JSON stream. */
export async function peek(blocks: AsyncGenerator<Buffer>): Promise<Peeked> {
  const taken: Buffer[] = [];
  let head = "";
  while (!isEnough(head)) {
    const next = await blocks.next();
    if (next.done) break;
    taken.push(next.value);
    head += next.value.toString("utf8");
  }
  return { head, blocks: joined(taken, blocks) };
}

function isEnough(head: string): boolean {
  if (head.length >= enoughBytes) return true;
  const lines = head.match(/\r\n|\n|\r/g)?.length ?? 0;
  return lines >= enoughLines || (lines > 0 && /^\s*\{.*\}[ \t]*[\r\n]/.test(head));
}

async function* joined(taken: Buffer[], blocks: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  while (taken.length > 0) yield taken.shift() as Buffer;
  yield* blocks;
}
