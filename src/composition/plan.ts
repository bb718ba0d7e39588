import { createHash } from "node:crypto";
import type { Settings } from "../cli/config.ts";
import type { TimeWindow } from "../cli/dates.ts";
import type { Io } from "../cli/io.ts";
import type { DownloadPlan } from "../core/download/download-plan.ts";
import { type Tolerance, usualTolerance } from "../core/download/refetch.ts";
import { localText, startMs, systemZone, type Zone } from "../core/local-time.ts";
import type { EntryFilter } from "../core/model/ledger.ts";
import type { Expectation, Selection } from "../core/model/ports.ts";
import type { RecordingRef } from "../core/model/recording.ts";
import { checkTemplate, defaultTemplate, pathFor } from "../core/naming/path-template.ts";
import { defaultRetryPolicy } from "../core/retry.ts";
import type { WiredWork } from "./open-work.ts";

/** What the settings ask of the download itself: names, pace, caps. */
export function planOf(
  settings: Settings,
  {
    work,
    named,
    pull,
    otherLines,
    end,
    timeLeft,
  }: Pick<WiredWork, "work" | "named" | "pull" | "otherLines" | "end" | "timeLeft">,
  progress: boolean,
  transfers: DownloadPlan["transfers"],
): DownloadPlan {
  const { retries, retryMaxTime, maxDownloads, maxTransfer } = settings;
  const durationMs = timeLeft?.();
  return {
    work,
    ...(pull === undefined ? {} : { pull }),
    ...(otherLines === undefined ? {} : { otherLines }),
    ...(end === undefined ? {} : { endWork: () => end() }),
    named: new Set(named.map((ref) => ref.key)),
    transfers,
    retry: {
      ...defaultRetryPolicy,
      ...(retries === undefined ? {} : { retries }),
      ...(retryMaxTime === undefined ? {} : { maxTimeMs: retryMaxTime }),
    },
    ...namesOf(settings),
    caps: {
      ...(maxDownloads === undefined ? {} : { downloads: maxDownloads }),
      ...(maxTransfer === undefined ? {} : { bytes: maxTransfer }),
      ...(durationMs === undefined ? {} : { durationMs }),
    },
    failFast: settings.failFast ?? false,
    again: settings.forceOverwrites ?? false,
    retryGone: settings.retryGone ?? false,
    enqueueOnly: settings.enqueueOnly ?? false,
    progress,
    tolerance: toleranceOf(settings),
    ...(settings.timezone === undefined ? {} : { timezone: settings.timezone }),
  };
}

/** Where recordings go, and what their files must be like. */
export function namesOf(settings: Settings): Pick<DownloadPlan, "pathFor" | "expect"> {
  const template = templateOf(settings);
  checkTemplate(template);
  const timezone = settings.timezone ?? systemZone;
  return {
    pathFor: (ref) => pathFor(template, ref, { restrict: settings.restrictFilenames ?? false, timezone, sha256 }),
    expect: (ref) => expectationOf(ref, settings, timezone),
  };
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** How much shorter than their calls recordings may be. */
export function toleranceOf({ shortBy, shortPart }: Pick<Settings, "shortBy" | "shortPart">): Tolerance {
  return {
    seconds: shortBy === undefined ? usualTolerance.seconds : shortBy / 1000,
    part: shortPart ?? usualTolerance.part,
  };
}

function expectationOf(ref: RecordingRef, settings: Settings, timezone: Zone): Expectation {
  const mtimeMs = startMs(ref.call.start, timezone);
  return {
    key: ref.key,
    resume: !settings.noContinue,
    overwrite: settings.forceOverwrites ?? false,
    ...(mtimeMs === undefined ? {} : { mtimeMs }),
    ...(settings.writeInfoJson ? { sidecar: { key: ref.key, source: ref.source, id: ref.id, call: ref.call } } : {}),
  };
}

/** The selection that the settings ask for, with every time as an instant and as local text. */
export async function selectionOf(settings: Settings, nowMs: number): Promise<Selection> {
  const { minAge, direction, extension, number, minDuration, recordingType } = settings;
  const timezone = settings.timezone ?? systemZone;
  return {
    ...(await windowFor(settings, nowMs)),
    ...(minAge === undefined ? {} : { minAgeMs: minAge, youngLocal: localText(nowMs - minAge, timezone) }),
    ...(direction === undefined ? {} : { direction }),
    ...(extension === undefined ? {} : { extension }),
    ...(number === undefined ? {} : { number }),
    ...(minDuration === undefined ? {} : { minDurationSeconds: minDuration / 1000 }),
    ...(recordingType === undefined ? {} : { recordingType }),
  };
}

/** What reads dates takes 10 ms to load. */
async function windowFor(settings: Settings, nowMs: number): Promise<TimeWindow> {
  const { from, to, month } = settings;
  if ((from ?? to ?? month) === undefined) return {};
  return (await import("../cli/dates.ts")).windowOf(settings, nowMs);
}

/** The part of a selection that the archive's own catalogue understands. */
export async function entryFilterOf(settings: Settings, io: Io): Promise<EntryFilter> {
  const { source, number, name, text, direction, extension } = settings;
  const window = await selectionOf(settings, io.clock.now());
  return {
    ...(source === undefined ? {} : { source }),
    ...(window.fromMs === undefined && window.toMs === undefined ? {} : { window }),
    ...(number === undefined ? {} : { number }),
    ...(name === undefined ? {} : { name }),
    ...(text === undefined ? {} : { text }),
    ...(direction === undefined ? {} : { direction }),
    ...(extension === undefined ? {} : { extension }),
  };
}

/** The template of the files' names. */
export function templateOf({ output }: Settings): string {
  return output ?? defaultTemplate;
}
