import type { DownloadEvent } from "../core/model/events.ts";
import type { Clock } from "../core/model/ports.ts";
import { listingText, type Telling, waitingText } from "./bar-texts.ts";
import type { Progress } from "./progress.ts";

/** A person who sees nothing for longer than this wonders whether anything goes on. */
const silenceMs = 1_500;

/** Says once what a run does that is still listing after a moment: how far it is, and what it waits for. */
export function openEarlyLine(settings: {
  readonly clock: Pick<Clock, "sleep">;
  readonly progress: Progress;
  readonly look: Telling;
  readonly print: (line: string) => void;
}): { hear(event: DownloadEvent): void; close(): void } {
  const { clock, progress, look, print } = settings;
  const ended = new AbortController();
  let begun = false;

  async function speak(): Promise<void> {
    await clock.sleep(silenceMs, ended.signal);
    const parts = [listingText(progress, look), waitingText(progress, look)];
    const text = parts.filter((part) => part !== undefined).join(", ");
    if (text !== "") print(text);
  }

  return {
    hear(event) {
      if (event.event !== "listing" || begun) return;
      begun = true;
      // It ends by rejecting when the run ends first.
      speak().catch(() => {});
    },
    close: () => ended.abort(),
  };
}
