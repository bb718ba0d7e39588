import { RecordingError } from "../core/model/errors.ts";
import { printable } from "../core/text.ts";
import type { ExportFolder } from "./export-folder.ts";

/** One line of `bag-info.txt`. */
export type BagInfo = readonly [label: string, value: string];

/** Where a bag (RFC 8493) has its payload. */
export const payloadFolder = "data";

/** Writes what makes a folder of files a bag: its manifests and tag files, to which `tags` are added. */
export async function writeBag(
  folder: ExportFolder,
  tags: Readonly<Record<string, string>>,
  info: readonly BagInfo[],
): Promise<void> {
  const { files } = folder;
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  const lines = [...info, ["Payload-Oxum", `${bytes}.${files.length}`] as const];
  const written = await folder.write({
    "bagit.txt": "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n",
    "bag-info.txt": lines.map(([label, value]) => `${label}: ${value.replace(/[\r\n]+/g, " ")}\n`).join(""),
    "manifest-sha256.txt": files
      .map(({ path, sha256 }) => `${sha256}  ${encodePath(`${payloadFolder}/${path}`)}\n`)
      .join(""),
    ...tags,
  });
  const sums = written.map(({ name, sha256 }) => `${sha256}  ${encodePath(name)}\n`);
  await folder.write({ "tagmanifest-sha256.txt": sums.join("") });
}

/** RFC 8493 2.1.3: line breaks and the sign that escapes them. */
function encodePath(path: string): string {
  return path.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

/** What callreel itself knows best of a bag. */
const ours: ReadonlySet<string> = new Set(["payload-oxum", "bagging-date", "bag-software-agent"]);
/** Reserved labels that RFC 8493 (2.2.2) wants once at most. */
const once: ReadonlySet<string> = new Set(["bag-group-identifier", "bag-count", "bag-size"]);

/** The lines that a person wants in `bag-info.txt`, checked against RFC 8493 (2.2.2). Throws `usage`. */
export function bagInfoOf(given: readonly { readonly name: string; readonly value: string }[]): BagInfo[] {
  const seen = new Set<string>();
  for (const { name, value } of given) {
    const label = name.toLowerCase();
    const refuse = (why: string) => {
      throw new RecordingError("usage", `--bag-info: "${printable(name).slice(0, 40)}" ${why}.`);
    };
    if (name === "" || /[\p{Cc}:]/u.test(name)) refuse("is not a label: it must have neither colons nor line breaks");
    if (/\p{Cc}/u.test(value)) refuse("has a value with line breaks or control characters");
    if (ours.has(label)) refuse("is written by callreel itself; leave it out");
    if (once.has(label) && seen.has(label)) refuse("may be given once only");
    if (label === "bag-count" && !/^\d+ of (?:\d+|\?)$/.test(value)) refuse('must be of the form "2 of 5" or "2 of ?"');
    seen.add(label);
  }
  return given.map(({ name, value }) => [name, value]);
}
