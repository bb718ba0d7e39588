import type { Writable } from "node:stream";
import { widthOf } from "./text.ts";

/** The stream of a terminal, as Node's tty gives it. */
export interface TerminalStream extends Writable {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
}

/** What cli-progress draws on, in its own method names, and two more for resizing and writing. */
export interface Terminal {
  cursor(enabled: boolean): void;
  lineWrapping(enabled: boolean): void;
  cursorTo(x: number | null): void;
  cursorRelativeReset(): void;
  clearLine(): void;
  clearRight(): void;
  clearBottom(): void;
  newline(): void;
  write(text: string, raw?: boolean): void;
  isTTY(): boolean;
  getWidth(): number;
  /** Wipes what was drawn, wherever the terminal has moved it to while its size changed. */
  resized(): void;
  /** Everything drawn since the last call, as one write: no half-drawn frame is ever seen. */
  flush(): void;
}

/**
 * Draws at most `rows - 1` lines, each ended before the last column, so that nothing ever scrolls or wraps by itself;
 * remembers how wide each line was, because terminals fold drawn lines when they become narrower.
 */
export function openTerminal(stream: TerminalStream, emit: (text: string) => void): Terminal {
  let pending = "";
  /** Widths of the lines drawn in this frame; the cursor stands on the last. */
  let widths: number[] = [0];
  const size = () => ({ columns: stream.columns || 80, rows: stream.rows || 24 });
  const clipped = () => widths.length > Math.max(1, size().rows - 1);

  function up(lines: number): void {
    pending += lines > 0 ? `\x1b[${lines}A\r` : "\r";
  }

  return {
    isTTY: () => true,
    getWidth: () => size().columns,
    cursor(enabled) {
      pending += enabled ? "\x1b[?25h" : "\x1b[?25l";
    },
    lineWrapping(enabled) {
      pending += enabled ? "\x1b[?7h" : "\x1b[?7l";
    },
    cursorTo() {
      if (!clipped()) pending += "\r";
    },
    cursorRelativeReset() {
      up(Math.min(widths.length, Math.max(1, size().rows - 1)) - 1);
      widths = [0];
    },
    clearLine() {
      pending += "\x1b[2K";
    },
    clearRight() {
      if (!clipped()) pending += "\x1b[K";
    },
    clearBottom() {
      pending += "\x1b[J";
    },
    newline() {
      widths.push(0);
      if (!clipped()) pending += "\n";
    },
    write(text, raw = false) {
      // A message may be longer than a line: it may wrap, and it takes the place of the bars, which come again below.
      if (raw) pending += `\x1b[J\x1b[?7h${text}\x1b[?7l`;
      else if (!clipped()) {
        pending += text;
        widths[widths.length - 1] = widthOf(text);
      }
    },
    resized() {
      const { columns } = size();
      const folded = widths.map((width) => Math.max(1, Math.ceil(width / columns)));
      up(
        Math.min(
          folded.reduce((sum, lines) => sum + lines, 0),
          size().rows,
        ) - 1,
      );
      pending += "\x1b[J";
      widths = [0];
    },
    flush() {
      if (pending === "") return;
      emit(pending);
      pending = "";
    },
  };
}
