import pLimit from "p-limit";
import type { Invocation } from "../cli/io.ts";
import { asRecordingError, RecordingError } from "../core/model/errors.ts";
import type { DownloadEvent } from "../core/model/events.ts";
import type { Archive } from "../core/model/ledger.ts";
import type { Reporter } from "../core/model/ports.ts";
import type { Call, RecordingKey, Stored } from "../core/model/recording.ts";
import { openHttp } from "../http/client.ts";
import { archiveName } from "./archive.ts";
import { type HookCommand, openHookCommand } from "./hook-command.ts";
import { type HookFile, type HookFiles, openHookFiles } from "./hook-files.ts";
import { httpSettingsOf } from "./http.ts";

/** Where hooks speak: warnings to the log, what a command prints to wherever messages keep clear of the bars. */
export interface HookVoice {
  warn(message: string): void;
  print(text: string): void;
}

/** Which recordings still want their `--exec`: kept, so that a command that failed or never ran is not forgotten. */
export type HookLedger = Pick<Archive, "entry" | "hookEnded" | "hooksOwed" | "noteTranscripts">;

/** Runs beside a download; `endedBy` tells it of an end before the run could say so itself. */
export interface Hooks extends Reporter {
  /** Whether each finished recording wants a command. */
  readonly perRecording: boolean;
  /** From now on the outcome of each `--exec` is noted there. */
  noteIn(ledger: HookLedger): void;
  /** Waits for the `--exec` commands under way and says how many have failed. */
  settled(): Promise<number>;
  /** Runs `--exec` again for each recording that still wants it; resolves with how many ran well and how many failed. */
  repeat(): Promise<{ readonly done: number; readonly failed: number }>;
  endedBy(exitCode: number): void;
}

/** A recording as `--exec` is told of it. */
type Finished = Pick<Stored, "path" | "bytes" | "sha256" | "contentType"> & {
  readonly key: RecordingKey;
  readonly call: Call;
};

const commandsAtOnce = 2;

/** What runs beside a download: `--exec` for each finished file, `--exec-after` and `--ping` at the end. */
export function openHooks(invocation: Invocation, voice: HookVoice): Hooks {
  const { settings, io } = invocation;
  const { exec, execAfter, ping } = settings;
  const open = (flag: string, command: string | undefined) =>
    command === undefined ? undefined : openHookCommand(flag, command, invocation, voice.print);
  const each = open("--exec", exec);
  const after = open("--exec-after", execAfter);
  const files = openHookFiles(settings, io);
  const queue = openQueue(each, files, voice, io.stop);
  let finished: Extract<DownloadEvent, { event: "run-finished" }> | undefined;
  let exitCode: number | undefined;
  return {
    perRecording: each !== undefined,
    noteIn: queue.noteIn,
    settled: queue.settled,
    repeat: queue.repeat,
    endedBy(code) {
      exitCode ??= code;
    },
    report(event) {
      if (event.event === "run-finished") {
        finished = event;
        exitCode = event.exitCode;
      }
      if (event.event === "recording-done") queue.add(event);
    },
    async close() {
      await queue.settled();
      await files[Symbol.asyncDispose]();
      if (finished !== undefined && after !== undefined) {
        const { stoppedBy: _, reasons: __, event: ___, absent: ____, incomplete: _____, ...counts } = finished;
        const failure = await after.run({ ...counts, dest: archiveName(settings, io) });
        if (failure !== undefined) voice.warn(`--exec-after: ${failure}.`);
      }
      if (ping !== undefined && exitCode !== undefined) await callPing(ping, exitCode, invocation, voice);
    },
  };
}

/** The `--exec` commands of a run, some at a time. */
function openQueue(command: HookCommand | undefined, files: HookFiles, { warn }: HookVoice, stop: AbortSignal) {
  const limit = pLimit(commandsAtOnce);
  const running = new Set<Promise<void>>();
  let ledger: HookLedger | undefined;
  let failed = 0;

  /** Once the run is asked to stop no further command is begun: --exec-failed runs what is owed. */
  async function runFor(recording: Finished): Promise<boolean> {
    if (stop.aborted) return false;
    const name = files.nameOf(recording.path);
    const failure = await runOn(recording);
    if (failure !== undefined) {
      failed += 1;
      warn(`--exec: ${failure} for ${name}.`);
    }
    await ledger?.hookEnded(recording.key, failure).catch((error: unknown) => {
      warn(`--exec: its result for ${name} could not be recorded (${error instanceof Error ? error.message : error}).`);
    });
    return failure === undefined;
  }

  /** Why the command failed, or had no file to work on. */
  async function runOn(recording: Finished): Promise<string | undefined> {
    try {
      await using lent = await files.open(recording);
      const { call, key, path, bytes, sha256, contentType } = recording;
      const { file } = lent;
      const failure = await command?.run({ ...call, key, path, bytes, sha256, contentType, file }, file);
      if (failure === undefined) await noteTranscripts(recording, lent);
      await takeBackPurged(recording, lent);
      return failure;
    } catch (error) {
      return `could not be run (${asRecordingError(error).message})`;
    }
  }

  /** What the command has left beside the audio of what was said in it; a repeated one may have left it anew. */
  async function noteTranscripts({ key, path: audio }: Finished, lent: HookFile): Promise<void> {
    const { transcripts, spoken, refused } = await lent.transcripts();
    for (const { path, note } of transcripts) if (note !== undefined) warn(`${files.nameOf(path)} is ${note}.`);
    for (const message of refused) warn(`Not taken as a transcript: ${message}`);
    if (transcripts.length === 0) return;
    await ledger?.noteTranscripts(key, transcripts, spoken).catch((error: unknown) => {
      warn(`The transcripts of ${files.nameOf(audio)} could not be recorded (${asRecordingError(error).message}).`);
    });
  }

  /** A purge that ran beside the command found nothing yet of what that has left. */
  async function takeBackPurged({ key }: Finished, lent: HookFile): Promise<void> {
    if ((await ledger?.entry(key))?.state !== "purged") return;
    const paths = await lent.takeBack();
    if (paths.length > 0) warn(`${key} was purged meanwhile: what --exec left beside it is deleted again.`);
  }

  return {
    noteIn(given: HookLedger) {
      ledger = given;
    },
    add(recording: Finished) {
      if (command === undefined) return;
      const done: Promise<void> = limit(runFor, recording).then(() => {
        running.delete(done);
      });
      running.add(done);
    },
    async settled() {
      while (running.size > 0) await Promise.all(running);
      return failed;
    },
    async repeat() {
      if (command === undefined)
        throw new RecordingError("usage", "--exec-failed repeats --exec: give the command with --exec.");
      let done = 0;
      for await (const entries of ledger?.hooksOwed() ?? []) {
        await Promise.all(
          entries.map(({ ref, stored }) =>
            limit(async () => {
              if (stored !== undefined && (await runFor({ ...stored, key: ref.key, call: ref.call }))) done += 1;
            }),
          ),
        );
      }
      return { done, failed };
    },
  };
}

/** Tells a monitor how the run ended: URL when good, URL/fail when not. */
async function callPing(
  url: string,
  exitCode: number,
  { settings, io }: Invocation,
  { warn }: HookVoice,
): Promise<void> {
  // Another run holds the archive: that one tells the monitor.
  if (exitCode === 11) return;
  const target = exitCode === 0 || exitCode === 8 ? url : `${url.replace(/\/$/, "")}/fail`;
  await using http = openHttp({ ...httpSettingsOf(settings, io), timeoutMs: 10_000 });
  try {
    const { status } = await http.request({ url: target }, AbortSignal.timeout(15_000));
    if (status >= 400) warn(`--ping: the monitor answered with HTTP status ${status}.`);
  } catch {
    warn("--ping: the monitor could not be reached.");
  }
}
