import { audioExtensions } from "../../core/audio.ts";
import { extensionMark } from "../../core/path-template.ts";

const extensions = Object.values(audioExtensions);

/** The paths that a path with an extension mark may become. */
export function variantsOf(path: string): readonly string[] {
  if (!path.includes(extensionMark)) return [path];
  const parts = path.split(extensionMark);
  return extensions.map((extension) => parts.join(extension));
}

/** The other paths that this finished file would have, were its audio of another type. */
export function siblingsOf(path: string): readonly string[] {
  const [, stem, extension] = /^(.*[^/])\.([^./]+)$/.exec(path) ?? [];
  if (stem === undefined || !(extensions as readonly (string | undefined)[]).includes(extension)) return [];
  return extensions.filter((each) => each !== extension).map((each) => `${stem}.${each}`);
}
