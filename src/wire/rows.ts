import type { Settings } from "../config.ts";
import { readSecret } from "../config.ts";
import { RecordingError } from "../core/errors.ts";
import type { Reader, Selection } from "../core/ports.ts";
import { asksForStarts } from "../core/select.ts";
import type { Io } from "../io.ts";
import { datedRows, openDatabase, openReader } from "../readers/index.ts";

/** The reader that the settings name: files, stdin or a database; undefined when they name none. */
export async function wireReader(settings: Settings, selection: Selection, io: Io): Promise<Reader | undefined> {
  const reader = await plainReader(settings, selection, io);
  if (reader === undefined) return undefined;
  const rules = { dates: settings.rowDates ?? "auto", windowed: asksForStarts(selection) };
  return { rows: (signal) => datedRows(reader.rows(signal), rules) };
}

async function plainReader(settings: Settings, selection: Selection, io: Io): Promise<Reader | undefined> {
  if (settings.rows !== undefined && settings.database !== undefined) {
    throw new RecordingError("usage", "--rows and --database exclude each other.");
  }
  const map = Object.fromEntries((settings.map ?? []).map(({ name, value }) => [name, value]));
  if (settings.database !== undefined)
    return openDatabase(settings.database, databaseSettings(settings, map, selection));
  if (settings.rows === undefined) return undefined;
  if (settings.rows.includes("-") && io.stdin.isTTY) {
    throw new RecordingError("usage", "--rows - reads from a pipe, and stdin is a terminal.");
  }
  return openReader(settings.rows, {
    map,
    stdin: io.stdin,
    ...(settings.columns === undefined ? {} : { columns: settings.columns }),
    ...(settings.encoding === undefined ? {} : { encoding: settings.encoding }),
  });
}

function databaseSettings(
  settings: Settings,
  map: Readonly<Record<string, string>>,
  selection: Selection,
): Parameters<typeof openDatabase>[1] {
  const password = readSecret(undefined, settings.databasePasswordFile, "--database-password-file");
  return {
    map,
    selection,
    ...(settings.query === undefined ? { table: settings.table ?? "calls" } : { query: settings.query }),
    ...(password === undefined ? {} : { password }),
  };
}

/** Refuses a password inside `--database` on the command line, where every user of the machine could read it. */
export function refusePasswordInArgv(flag: unknown): void {
  if (typeof flag !== "string" || !/^[a-z]+:\/\/[^/@]*:[^/@]+@/i.test(flag)) return;
  throw new RecordingError(
    "usage",
    "--database holds a password, which other users can see in the process list: give the URL as CALLREEL_DATABASE, or the password with --database-password-file.",
  );
}
