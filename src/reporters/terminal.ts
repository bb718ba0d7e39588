import type { Writable } from "node:stream";
import type { Reporter } from "../core/model/ports.ts";
import { widthOf } from "../core/width.ts";

/** The stream of a terminal, as Node's tty gives it. */
export interface TerminalStream extends Writable {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
  /** Node's own way to ask the terminal for its size now; emits `resize` when that has changed. */
  readonly _refreshSize?: () => void;
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
  /** Lines from the cursor down that still show the frame before. */
  let stale = 0;
  const size = () => ({ columns: stream.columns || 80, rows: stream.rows || 24 });
  const clipped = () => widths.length > Math.max(1, size().rows - 1);

  function up(lines: number): void {
    pending += lines > 0 ? `\x1b[${lines}A\r` : "\r";
  }

  /** Line by line: some terminals keep what is erased as a whole in their scrollback. */
  function wipe(lines: number): void {
    if (lines <= 0) return;
    pending += `\x1b[2K${"\x1b[1B\x1b[2K".repeat(lines - 1)}`;
    up(lines - 1);
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
      stale = Math.min(widths.length, Math.max(1, size().rows - 1));
      up(stale - 1);
      widths = [0];
    },
    clearLine() {
      pending += "\x1b[2K";
    },
    clearRight() {
      if (!clipped()) pending += "\x1b[K";
    },
    clearBottom() {
      wipe(stale);
      stale = 0;
    },
    newline() {
      widths.push(0);
      if (!clipped()) pending += "\n";
    },
    write(text, raw = false) {
      // A message may be longer than a line: it may wrap, and it takes the place of the bars, which come again below.
      if (raw) {
        wipe(stale);
        stale = 0;
        pending += `\x1b[?7h${text}\x1b[?7l`;
      } else if (!clipped()) {
        pending += text;
        widths[widths.length - 1] = widthOf(text);
      }
    },
    resized() {
      const { columns } = size();
      const folded = widths.reduce((sum, width) => sum + Math.max(1, Math.ceil(width / columns)), 0);
      const lines = Math.min(folded, size().rows);
      up(lines - 1);
      wipe(lines);
      widths = [0];
    },
    flush() {
      if (pending === "") return;
      emit(pending);
      pending = "";
    },
  };
}

/** A reporter that also lets others speak to the person without getting in each other's way. */
export interface Screen extends Reporter {
  /** For log lines and the like, whole lines with their line break: above the bars where there are bars. */
  readonly messages: { write(text: string): void };
}
