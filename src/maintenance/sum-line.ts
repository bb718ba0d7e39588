/** A line of a list of hashes: a name with a backslash or line break is escaped and its line marked, as sha256sum does. */
export function sumLine(sha256: string, path: string): string {
  const escaped = path.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
  return `${escaped === path ? "" : "\\"}${sha256}  ${escaped}\n`;
}
