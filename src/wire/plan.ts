import { createHash } from "node:crypto";
import type { Settings } from "../config.ts";
import { openAdaptive } from "../core/adaptive.ts";
import type { DownloadPlan } from "../core/download.ts";
import { checkTemplate, defaultTemplate, pathFor } from "../core/path-template.ts";
import type { Clock, Expectation } from "../core/ports.ts";
import type { RecordingRef } from "../core/recording.ts";
import { defaultRetryPolicy } from "../core/retry.ts";
import { type Tolerance, usualTolerance } from "../core/short.ts";
import { startMs, zoneOf } from "../dates.ts";
import type { WiredWork } from "./work.ts";

const defaultTransfers = 4;

/** What the settings ask of the download itself: names, pace, caps. */
export function planOf(
  settings: Settings,
  { work, named, end, timeLeft }: Pick<WiredWork, "work" | "named" | "end" | "timeLeft">,
  progress: boolean,
  clock: Clock,
): DownloadPlan {
  const { retries, retryMaxTime, maxDownloads, maxTransfer } = settings;
  const durationMs = timeLeft?.();
  return {
    work,
    ...(end === undefined ? {} : { endWork: () => end() }),
    named: new Set(named.map((ref) => ref.key)),
    transfers: settings.transfers === "auto" ? openAdaptive(clock) : (settings.transfers ?? defaultTransfers),
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
    progress,
    tolerance: toleranceOf(settings),
  };
}

/** Where recordings go, and what their files must be like. */
export function namesOf(settings: Settings): Pick<DownloadPlan, "pathFor" | "expect"> {
  const template = settings.output ?? defaultTemplate;
  checkTemplate(template);
  const timezone = zoneOf(settings.timezone);
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

function expectationOf(ref: RecordingRef, settings: Settings, timezone: string): Expectation {
  const mtimeMs = startMs(ref.call.start, timezone);
  return {
    key: ref.key,
    resume: !settings.noContinue,
    overwrite: settings.forceOverwrites ?? false,
    ...(mtimeMs === undefined ? {} : { mtimeMs }),
    ...(settings.writeInfoJson ? { sidecar: { key: ref.key, source: ref.source, id: ref.id, call: ref.call } } : {}),
  };
}
