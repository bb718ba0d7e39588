import { createReadStream } from "node:fs";
import { access, constants, stat } from "node:fs/promises";
import { addAbortSignal, type Readable } from "node:stream";
import { RecordingError } from "../core/errors.ts";
import type { RowBatch } from "../core/recording.ts";
import { tellContent } from "./content.ts";
import { withoutCtrlZ } from "./ctrl-z.ts";
import { decoded } from "./decode.ts";
import { peek } from "./peek.ts";
import type { ReaderSettings } from "./settings.ts";

/** Small enough that its rows die young: larger blocks cost twice the time in garbage collection. */
const blockBytes = 64 * 1024;

/** Refuses, before any work, what certainly cannot be read. */
export async function checkFiles(files: readonly string[], settings: ReaderSettings): Promise<void> {
  for (const file of files) {
    if (file === "-") {
      if (settings.stdin === undefined)
        throw new RecordingError("usage", "There is no standard input to read rows from.");
      continue;
    }
    if (/^(postgres(ql)?|mysql|mariadb|mssql|sqlserver|sqlite):/i.test(file)) {
      throw new RecordingError("usage", "--rows takes files; a database goes into --database.");
    }
    await checkFile(file);
  }
  if (files.filter((file) => file === "-").length > 1) {
    throw new RecordingError("usage", "Standard input can be read once only: give --rows - once.");
  }
}

async function checkFile(file: string): Promise<void> {
  try {
    if ((await stat(file)).isDirectory()) throw new RecordingError("usage", `${file} is a folder; --rows takes files.`);
    await access(file, constants.R_OK);
  } catch (error) {
    throw fileError(file, error);
  }
}

/** The rows of one file, in batches. */
export async function* fileRows(
  file: string,
  settings: ReaderSettings,
  signal: AbortSignal,
): AsyncGenerator<RowBatch, void> {
  signal.throwIfAborted();
  const stream = file === "-" ? (settings.stdin as Readable) : createReadStream(file, { highWaterMark: blockBytes });
  addAbortSignal(signal, stream);
  try {
    let marked = false;
    const bytes = decoded(bytesOf(stream), settings.encoding);
    const { head, blocks } = await peek(
      withoutCtrlZ(bytes, () => {
        marked = true;
      }),
    );
    switch (tellContent(head, file)) {
      case "nothing":
        return;
      case "json": {
        const { jsonRows } = await import("./json/rows.ts");
        yield* jsonRows(file, head, blocks, settings);
        break;
      }
      case "table": {
        const { tableRows } = await import("./csv/rows.ts");
        yield* tableRows(file, head, blocks, settings);
      }
    }
    if (marked) yield { rows: [], notices: [`${file}: the Ctrl-Z at its end was skipped.`] };
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw fileError(file, error);
  } finally {
    stream.destroy();
  }
}

async function* bytesOf(stream: Readable): AsyncGenerator<Buffer> {
  for await (const chunk of stream) yield typeof chunk === "string" ? Buffer.from(chunk) : chunk;
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: "no such file",
  ENOTDIR: "no such file",
  EACCES: "it may not be read by this user",
  EPERM: "it may not be read by this user",
  EISDIR: "it is a folder",
  ELOOP: "too many symbolic links",
  ENAMETOOLONG: "the name is too long",
};

function fileError(file: string, error: unknown): unknown {
  if (error instanceof RecordingError || !(error instanceof Error)) return error;
  const code = (error as NodeJS.ErrnoException).code;
  if (code === undefined || (error as NodeJS.ErrnoException).syscall === undefined) return error;
  const reason = reasons[code];
  if (reason !== undefined)
    return new RecordingError("usage", `Cannot read rows from ${file}: ${reason}.`, { cause: error });
  return new RecordingError("bad-rows", `Reading ${file} failed (${code}).`, { cause: error });
}
