import { exitCodeOf } from "../cli/exit-codes.ts";
import type { Invocation } from "../cli/io.ts";
import { archiveName, takeWatch } from "../composition/archive.ts";
import { keepWatch, signOfLife } from "../composition/watch/keep-watch.ts";
import { listen } from "../composition/watch/listening.ts";
import { type Looks, openLooks, usualEveryMs } from "../composition/watch/looks.ts";
import { openPulse } from "../composition/watch/pulse.ts";
import { reconcile } from "../composition/watch/reconciliation.ts";
import { openVoice, type Voice } from "../composition/watch/voice.ts";
import { watchInvocation } from "../composition/watch/watch-settings.ts";
import { asRecordingError } from "../core/model/errors.ts";
import { openExpectation } from "../core/watch/expectation.ts";
import { openServiceManager } from "../platform/service-manager.ts";

/** Stays, and fetches each recording soon after its call, until it is stopped: by SIGTERM with 0. */
export async function watch(given: Invocation): Promise<number> {
  const invocation = await watchInvocation(given);
  const lock = await takeWatch(invocation.settings, invocation.io);
  try {
    await using voice = await openVoice(invocation);
    return await watchWith(invocation, voice);
  } finally {
    await lock.release();
  }
}

async function watchWith(invocation: Invocation, voice: Voice): Promise<number> {
  const { settings, io } = invocation;
  const manager = openServiceManager(io.env, io.pid, (why) =>
    voice.warn(`${why}, so systemd does not hear of this watch: install it, or use Type=exec without WatchdogSec.`),
  );
  let looks: Looks | undefined;
  const pulse = openPulse(invocation, manager, () => looks?.sources, voice.warn);
  const hear = signOfLife(pulse, io);
  looks = openLooks(invocation, voice, hear);
  await using opened = looks;
  voice.info(`Watching RingCentral's calls for ${archiveName(settings, io)}.`);
  manager?.tell("READY=1", "STATUS=Watching.");
  const expectation = openExpectation(Math.min(1, (settings.every ?? usualEveryMs) / usualEveryMs));
  try {
    await using _ = listen(invocation, voice, expectation);
    await keepWatch({
      invocation,
      voice,
      looks: opened,
      pulse,
      expectation,
      reconcile: () => reconcile(invocation, voice, hear),
    });
    manager?.tell("STOPPING=1");
    voice.info("Stopped watching.");
    const code = io.stoppedBy() === "SIGTERM" ? 0 : exitCodeOf("interrupted", io.stoppedBy());
    await pulse.close(code);
    return code;
  } catch (error) {
    await pulse.close(exitCodeOf(asRecordingError(error).code, io.stoppedBy()));
    throw error;
  }
}
