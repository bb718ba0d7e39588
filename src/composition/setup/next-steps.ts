import type { SourceName } from "../../core/model/recording.ts";

/** The command that comes after setup: what there is to download, and how long that takes. */
export function nextCommand(
  name: SourceName,
  { profile, config, rows }: { profile: string; config?: string | undefined; rows?: string | undefined },
): string {
  const words = ["callreel", "download", "-s", name];
  if (profile !== "default") words.push("--profile", profile);
  if (config !== undefined) words.push("--config", config);
  words.push(...(name === "tim" ? ["--rows", rows ?? "calls.csv"] : ["--from", "90d"]), "-n");
  return words.map(quoted).join(" ");
}

function quoted(word: string): string {
  return /^[\w./:@=+,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
