import { parseDuration } from "../core/format.ts";
import { choice, count, flag, list, text, value } from "./option.ts";

/** How a run is shown and logged. */
export const showOptions = {
  progress: choice("--progress <how>", "auto, bar, plain, json or none", ["auto", "bar", "plain", "json", "none"], {
    fallback: "auto",
  }),
  json: flag("--json", "one NDJSON event a line on stdout"),
  stats: value("--stats <time>", "how often a plain progress line is printed", parseDuration, { fallback: "1m" }),
  quiet: flag("-q, --quiet", "print nothing when all went well"),
  verbose: count("-v, --verbose", "say more; -vv also every request"),
  logFile: value("--log-file <file>", "append the log to FILE", text),
  logFormat: choice("--log-format <format>", "text or json", ["text", "json"], { fallback: "text" }),
  noColor: flag("--no-color", "no colours (also NO_COLOR)"),
} as const;

/** Options every command takes. */
export const globalOptions = {
  profile: list("--profile <name>", "settings profile; several share one download", text, { fallback: "default" }),
  config: value("--config <file>", "settings file", text),
  noInput: flag("--no-input", "never ask anything"),
} as const;
