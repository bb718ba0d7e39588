import { accessSync, constants, statSync } from "node:fs";
import { dirname } from "node:path";
import { RecordingError } from "../core/model/errors.ts";
import { diskError } from "../platform/disk-error.ts";
import { replaceFile } from "../platform/whole-file.ts";

/** One metric with its samples, as Prometheus' text format names things. */
export interface Metric {
  readonly name: string;
  readonly type: "gauge" | "counter";
  readonly help: string;
  readonly samples: readonly Sample[];
}

export interface Sample {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Metrics in Prometheus' text format (0.0.4), as node_exporter's textfile collector reads it; those without samples are left out. */
export function prometheusText(metrics: readonly Metric[]): string {
  return metrics
    .filter(({ samples }) => samples.length > 0)
    .map(({ name, type, help, samples }) =>
      [
        `# HELP ${name} ${escaped(help)}`,
        `# TYPE ${name} ${type}`,
        ...samples.map(({ labels = {}, value }) => `${name}${labelText(labels)} ${value}`),
        "",
      ].join("\n"),
    )
    .join("");
}

function labelText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value).replaceAll('"', '\\"')}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function escaped(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}

/** The value of a sample without labels in such a text; undefined where it is not there or is no number. */
export function sampleIn(text: string, name: string): number | undefined {
  const line = text.split("\n").find((each) => each.startsWith(`${name} `));
  const value = Number(line?.slice(name.length + 1));
  return line !== undefined && Number.isFinite(value) ? value : undefined;
}

/** Throws `usage` where no file could be written in the end: told before the run, not after it. */
export function checkMetricsPlace(file: string): void {
  const refuse = (what: string) => {
    throw new RecordingError("usage", `--metrics: ${what}.`);
  };
  const found = statSync(file, { throwIfNoEntry: false });
  if (found !== undefined && !found.isFile()) refuse(`${file} is not a plain file; give the name of a file to write`);
  try {
    accessSync(dirname(file), constants.W_OK | constants.X_OK);
  } catch {
    refuse(`the folder ${dirname(file)} does not exist or is not writable; create it or give another file`);
  }
}

/** Writes the file anew. Whoever reads sees the old file or the new one, whole; node_exporter, which is another user, may read it. */
export function replaceMetrics(file: string, text: string): void {
  try {
    replaceFile(file, text, 0o644);
  } catch (error) {
    throw diskError(error, file);
  }
}
