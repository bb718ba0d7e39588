import { openAudioCheck } from "../../../core/audio/check.ts";
import { asRecordingError, maybeSent, RecordingError } from "../../../core/model/errors.ts";
import type { AudioType, Link, RecordingRef } from "../../../core/model/recording.ts";
import type { RingCentralContext } from "../settings.ts";
import type { Audio } from "./audio.ts";

const mostTries = 3;

/**
 * Fetches the start of a recording, until its bytes tell which audio it is, and cuts the connection. Throws what a
 * download of it would fail with; a redirect is followed and a login renewed as a download would.
 */
export async function startOf(
  audio: Audio,
  ref: RecordingRef,
  context: RingCentralContext,
  signal: AbortSignal,
): Promise<AudioType> {
  let failed: Link | undefined;
  for (let tries = 1; ; tries++) {
    const link = await audio.link(ref, failed, signal);
    try {
      return await beginning(link, context, signal);
    } catch (thrown) {
      signal.throwIfAborted();
      const error = audio.classifyFailure(asRecordingError(thrown), ref, tries);
      if (error.verdict !== "renew" || tries === mostTries) throw error;
      failed = link;
    }
  }
}

async function beginning(link: Link, { http, clock }: RingCentralContext, signal: AbortSignal): Promise<AudioType> {
  const enough = new RecordingError("interrupted", "The start is enough.");
  const check = openAudioCheck(clock.now);
  let heard = false;
  const receiver = {
    head(head: Parameters<typeof check.head>[0]) {
      heard = true;
      link.answered?.(head);
      check.head(head);
    },
    chunk(bytes: Uint8Array) {
      check.chunk(bytes);
      if (check.type !== undefined) throw enough;
    },
  };
  try {
    await http.stream({ url: link.url, headers: link.headers }, receiver, signal);
  } catch (thrown) {
    if (!heard) link.answered?.(undefined, maybeSent(thrown));
    if (thrown !== enough) throw thrown;
  }
  return check.type ?? check.finish().contentType;
}
