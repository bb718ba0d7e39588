import { exitCodeOf } from "../cli/exit-codes.ts";
import type { Invocation } from "../cli/io.ts";
import { runningPlayer } from "../composition/player.ts";
import { openRunReporter } from "../composition/reporter.ts";
import { namedRecordingOf } from "../composition/rows.ts";
import { openSources } from "../composition/sources.ts";
import { momentText } from "../core/local-time.ts";
import { RecordingError } from "../core/model/errors.ts";
import type { Source } from "../core/model/ports.ts";
import type { RecordingRef } from "../core/model/recording.ts";
import type { RingCentralSource } from "../sources/ringcentral/index.ts";

/** Prints a URL that plays one recording: the player's permanent one, or with `--direct` the source's short-lived one. */
export async function link(invocation: Invocation): Promise<number> {
  const { settings, io } = invocation;
  const { ref, rejected } = await namedRecordingOf(invocation);
  const exitCode = rejected > 0 ? exitCodeOf("bad-rows") : 0;
  if (!settings.direct) {
    const address = settings.playerUrl ?? runningPlayer(io) ?? "http://127.0.0.1:8080";
    io.stdout.write(`${address}/r/${ref.key}\n`);
    return exitCode;
  }
  const reporter = await openRunReporter({ ...invocation, settings: { ...settings, progress: "none", json: false } });
  try {
    await using sources = await openSources(invocation, { io, ...reporter });
    const { url, ends } = await directUrl(ref, sources.required(ref.source), invocation);
    io.stdout.write(`${url}\n`);
    io.stderr.write(
      `Treat this URL as a password: anyone who has it can listen, and it may end up in logs and browser histories. It stops working ${ends}.\n`,
    );
    return exitCode;
  } finally {
    await reporter.close();
  }
}

async function directUrl(
  ref: RecordingRef,
  source: Source,
  { io, settings: { timezone } }: Invocation,
): Promise<{ readonly url: string; readonly ends: string }> {
  if (isRingCentral(source)) {
    const { url, expiresMs } = await source.direct(ref, io.stop);
    return { url, ends: endOfLife(expiresMs, timezone) };
  }
  const link = await source.link(ref, undefined, io.stop);
  link.answered?.(undefined);
  if (Object.keys(link.headers).length > 0) {
    throw new RecordingError(
      "usage",
      "The Echo host needs the login too (--echo-auth), so no URL alone can play this.",
    );
  }
  return {
    url: link.url,
    ends: link.expiresAtMs === undefined ? "within 60 seconds" : endOfLife(link.expiresAtMs, timezone),
  };
}

function isRingCentral(source: Source): source is RingCentralSource {
  return source.name === "ringcentral" && "direct" in source;
}

/** Tokens given ready have no known end. */
function endOfLife(ms: number, timezone: string | undefined): string {
  if (ms > 8.64e15) return "when its token ends";
  return `at ${momentText(ms, timezone)}`;
}
