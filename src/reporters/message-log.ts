import type { Writable } from "node:stream";
import { openRedactor } from "../core/redact.ts";
import { type LogSettings, openLog } from "./log.ts";

/** `--log-file` of a command that has no run to report: what it tells people on stderr, line by line. */
export interface MessageLog<Stream extends Writable> {
  /** Writes to the stream given, and to the file; a line that a meter draws over is not for the file. */
  readonly stderr: Stream;
  /** Notes how the command ended and closes the file. */
  ended(code: number): void;
  failed(message: string): void;
}

/** Opens the file at once; one that cannot be opened is a RecordingError `usage`. */
export function openMessageLog<Stream extends Writable>(
  name: string,
  stream: Stream,
  settings: Pick<LogSettings, "file" | "format" | "clock" | "timezone">,
): MessageLog<Stream> {
  const log = openLog({ ...settings, trouble: stream, level: "info", redact: openRedactor() });
  const note = (text: string) => {
    for (const line of text.split("\n")) {
      if (line.trim() === "" || line.startsWith("\r")) continue;
      if (line.startsWith("callreel: ")) log.warn(line.replace(/^callreel: (warning: )?/, ""));
      else log.info(line);
    }
  };
  const write = (text: string, ...rest: []) => {
    note(String(text));
    return stream.write(text, ...rest);
  };
  const stderr = new Proxy(stream, {
    get(target, name) {
      if (name === "write") return write;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  return {
    stderr,
    ended(code) {
      log.info(`${name} ended with exit code ${code}`);
      log.close();
    },
    failed(message) {
      log.error(message);
      log.close();
    },
  };
}
