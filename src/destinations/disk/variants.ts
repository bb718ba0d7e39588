import { audioExtensions } from "../../core/audio.ts";
import { extensionMark } from "../../core/path-template.ts";

const extensions = Object.values(audioExtensions);

/** The paths that a path with an extension mark may become. */
export function variantsOf(path: string): readonly string[] {
  if (!path.includes(extensionMark)) return [path];
  const parts = path.split(extensionMark);
  return extensions.map((extension) => parts.join(extension));
}
