import { exitCodeOf } from "../cli/exit-codes.ts";
import type { Invocation, Io } from "../cli/io.ts";
import { wrapped } from "../cli/wrap.ts";
import { workFromRows } from "../core/download/work.ts";
import { asRecordingError } from "../core/model/errors.ts";
import type { Check, Source } from "../core/model/ports.ts";
import type { RecordingRef, Row, SourceName } from "../core/model/recording.ts";
import type { Wiring } from "./http.ts";
import { selectionOf } from "./plan.ts";
import { openRefReader, refusePasswordInArgv, wireReader } from "./rows.ts";
import { sourceOfRow } from "./source-of-row.ts";
import { loginsOf, openSources } from "./sources.ts";

/** What a person calls the systems. */
export const systemNames = { ringcentral: "RingCentral", tim: "TIM Enterprise" } as const;

const marks = { ok: "ok      ", warning: "warning ", failed: "FAILED  ", skipped: "skipped " } as const;

/** A check as a person reads it: a line, and what to do on a second one; on a terminal, broken between words. */
export function checkLine({ name, status, message, remedy }: Check, { isTTY, columns }: Io["stdout"]): string {
  const width = isTTY ? columns : undefined;
  const help = remedy === undefined ? [] : [`          → ${remedy}`];
  const lines = [
    wrapped(`${marks[status]} ${name}: ${message}`, width, 9),
    ...help.map((line) => wrapped(line, width, 12)),
  ];
  return lines.map((line) => `${line}\n`).join("");
}

/** The checks of every login that the settings hold, system by system; that there is none where one is needed is a failed one. */
export async function* checkLogins(invocation: Invocation, wiring: Omit<Wiring, "settings">): AsyncGenerator<Check> {
  const wanted = invocation.settings.source;
  const found = (await loginsOf(invocation)).flatMap(([name, all]) => all.map((settings) => ({ name, settings })));
  if (found.length === 0) yield noLogin(wanted);
  for (const { name, settings } of found) {
    const several = found.filter((each) => each.name === name).length > 1;
    const prefix = several ? `${settings.profile?.[0]}: ` : "";
    const one = { ...invocation, settings: { ...settings, source: name } };
    for await (const check of checkLogin(name, one, wiring)) yield { ...check, name: prefix + check.name };
  }
  if (wanted !== undefined || found.length === 0) return;
  for (const name of ["ringcentral", "tim"] as const) {
    if (found.every((each) => each.name !== name))
      yield { name: systemNames[name], status: "skipped", message: "no login is set for it" };
  }
}

function noLogin(wanted: SourceName | undefined): Check {
  const message =
    wanted === undefined ? "there is no login to any system" : `there is no login to ${systemNames[wanted]}`;
  const remedy = `callreel setup${wanted === undefined ? "" : ` -s ${wanted}`} asks for what is needed and keeps it in a profile.`;
  return { name: "login", status: "failed", message, remedy, exitCode: 7 };
}

/** The checks of one login, whose settings stand in the invocation. */
export async function* checkLogin(
  name: SourceName,
  invocation: Invocation,
  wiring: Omit<Wiring, "settings">,
): AsyncGenerator<Check> {
  try {
    const { settings } = invocation;
    const alone = { ...invocation, settings: { ...settings, profile: settings.profile?.slice(0, 1) ?? ["default"] } };
    await using sources = await openSources(alone, wiring);
    const source = sources.required(name);
    const tried = await sampleOf(name, alone, source);
    if (tried !== undefined) yield tried.check;
    yield* source.check?.(invocation.io.stop, tried?.sample) ?? [];
  } catch (thrown) {
    invocation.io.stop.throwIfAborted();
    const { code, message } = asRecordingError(thrown);
    if (code === "bug") throw thrown;
    yield { name: systemNames[name], status: "failed", message, exitCode: exitCodeOf(code) };
  }
}

interface Tried {
  readonly check: Check;
  readonly sample?: RecordingRef;
}

/**
 * The first recording of the system among the ids, rows or database that the settings name, whichever system the others
 * are of; reading them is a check of its own.
 */
async function sampleOf(
  name: SourceName,
  { settings, args, io, flags }: Invocation,
  source: Source,
): Promise<Tried | undefined> {
  const [id] = args;
  if (id !== undefined) return namedSample(id, source);
  const place = settings.database === undefined ? "rows" : "database";
  try {
    refusePasswordInArgv(flags.database);
    const selection = await selectionOf(settings, io.clock.now());
    const reader = await wireReader(settings, selection, io);
    if (reader === undefined) return undefined;
    const { recordings } = await openRefReader();
    const rules = {
      sourceOf: () => ({ recordings: (row: Row) => recordings(row, systemOf(row) ?? name) }),
      selection,
      nowMs: io.clock.now,
    };
    for await (const { refs } of workFromRows(reader.rows(io.stop), rules)) {
      const sample = refs.find((each) => each.source === name);
      if (sample === undefined) continue;
      return { check: { name: place, status: "ok", message: `can be read; trying ${sample.key}` }, sample };
    }
    return {
      check: { name: place, status: "warning", message: `no row has a recording of ${systemNames[name]}` },
    };
  } catch (thrown) {
    const { code, message } = asRecordingError(thrown);
    return { check: { name: place, status: "failed", message, exitCode: exitCodeOf(code) } };
  }
}

function namedSample(id: string, source: Source): Tried {
  const sample = source.named(id);
  if (sample !== undefined) return { check: { name: "row", status: "ok", message: `trying ${sample.key}` }, sample };
  return {
    check: { name: "row", status: "failed", message: `"${id}" names no recording of ${systemNames[source.name]}` },
  };
}

/** The system that a row speaks of by itself; undefined where its columns leave it open. */
function systemOf(row: Row): SourceName | undefined {
  try {
    return sourceOfRow(row, undefined);
  } catch {
    return undefined;
  }
}
