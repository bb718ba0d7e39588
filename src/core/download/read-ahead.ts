import { openNotify } from "../notify.ts";
import type { Work } from "./work.ts";

export interface ReadAheadSettings {
  /** How many recordings may wait here before the next piece is asked for. */
  readonly most: number;
  /** Hears, with each piece that was read, how many recordings there are so far; `complete` once that is all. */
  readonly found: (recordings: number, complete: boolean) => void;
  /** Ends what the work waits for, when its reader leaves before the end. */
  readonly end: () => void;
}

/**
 * The same pieces in the same order, read while earlier ones are still at work: so a run knows early how much there is to
 * do. An error comes after the pieces before it.
 */
export async function* readAhead(work: AsyncIterable<Work>, settings: ReadAheadSettings): AsyncGenerator<Work> {
  const waiting: Work[] = [];
  const state = {
    ahead: 0,
    all: 0,
    hasEnded: false,
    hasLeft: false,
    failure: undefined as { thrown: unknown } | undefined,
  };
  const [arrival, room] = [openNotify(), openNotify()];

  async function read(): Promise<void> {
    try {
      for await (const piece of work) {
        if (state.hasLeft) return;
        waiting.push(piece);
        state.ahead += piece.refs.length;
        state.all += piece.refs.length;
        settings.found(state.all, false);
        arrival.notify();
        while (state.ahead >= settings.most && !state.hasLeft) await room.notified();
        if (state.hasLeft) return;
      }
      settings.found(state.all, true);
    } catch (thrown) {
      state.failure = { thrown };
    } finally {
      state.hasEnded = true;
      arrival.notify();
    }
  }

  const reading = read();
  try {
    for (;;) {
      const piece = waiting.shift();
      if (piece !== undefined) {
        state.ahead -= piece.refs.length;
        room.notify();
        yield piece;
      } else if (state.hasEnded) break;
      else await arrival.notified();
    }
    if (state.failure !== undefined) throw state.failure.thrown;
  } finally {
    state.hasLeft = true;
    room.notify();
    if (!state.hasEnded) settings.end();
    await reading;
  }
}
