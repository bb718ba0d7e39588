const mark = 0x1a;

/** A text without the Ctrl-Z that programs from DOS put at its end; `found` hears of one. */
export async function* withoutCtrlZ(blocks: AsyncIterable<Buffer>, found: () => void): AsyncGenerator<Buffer> {
  let held: Buffer | undefined;
  for await (const block of blocks) {
    if (held !== undefined) yield held;
    held = undefined;
    if (endOf(block) < block.length) held = block;
    else yield block;
  }
  if (held === undefined) return;
  found();
  const end = endOf(held);
  if (end > 0) yield held.subarray(0, end);
}

/** Where the text ends, if it ends in Ctrl-Z, line ends and zero bytes after it left out; else the whole length. */
function endOf(block: Buffer): number {
  let end = block.length;
  while (end > 0 && [0x0a, 0x0d, 0x00, 0x20].includes(block[end - 1] as number)) end -= 1;
  if (block[end - 1] !== mark) return block.length;
  while (end > 0 && block[end - 1] === mark) end -= 1;
  return end;
}
