import { checkFaults } from "./faults.ts";
import {
  codecs,
  digestAlgorithms,
  expiredLooks,
  loginModes,
  type TimSettings,
  type TimSettingsPatch,
  tlsModes,
  wavForms,
} from "./site-settings.ts";

/** Merges a patch of unknown origin into the settings; throws with the offending path before it changes anything. */
export function patchSettings(settings: TimSettings, patch: TimSettingsPatch | unknown): void {
  check(settings, patch, "settings");
  merge(settings as unknown as Tree, patch as Tree, "settings");
}

type Tree = Record<string, unknown>;

/** Objects in which any name may stand; a patch replaces them whole. */
const open = new Set(["settings.audio.every", "settings.audio.only", "settings.audio.masked"]);

const words: Readonly<Record<string, readonly string[]>> = {
  "settings.login.mode": loginModes,
  "settings.login.algorithms": digestAlgorithms,
  "settings.login.qop": ["auth", "none"],
  "settings.login.challenges": ["separate", "joined"],
  "settings.flood.look": ["401", "403", "reset"],
  "settings.access.look": ["403", "404"],
  "settings.voice.extensions": ["wav", "mp3"],
  "settings.voice.separators": ["ampersand", "literal"],
  "settings.voice.unknown": ["404", "empty", "html", "500"],
  "settings.answer.url": ["absolute", "relative"],
  "settings.token.expired": expiredLooks,
  "settings.echo.etag": ["none", "strong", "weak"],
  "settings.echo.length": ["content-length", "chunked", "close", "longer", "shorter"],
  "settings.tls.tim": tlsModes,
  "settings.tls.echo": tlsModes,
};

function check(current: unknown, patch: unknown, path: string): void {
  if (path === "settings.faults") checkFaults(patch);
  else if (open.has(path)) checkAudio(patch, path);
  else if (Array.isArray(current)) checkList(patch, path);
  else if (isTree(current)) checkGroup(current, patch, path);
  else if (path !== "settings.answer.body" || patch !== null) checkScalar(current ?? "", patch, path);
}

function checkScalar(current: unknown, patch: unknown, path: string): void {
  if (typeof patch !== typeof current) throw new TypeError(`${path} must be a ${typeof current}`);
  if (typeof patch === "number" && !(Number.isFinite(patch) && patch >= 0))
    throw new TypeError(`${path} must be a number of 0 or more`);
  checkWord(patch, path);
}

function checkGroup(current: Tree, patch: unknown, path: string): void {
  if (!isTree(patch)) throw new TypeError(`${path} must be an object`);
  for (const [name, value] of Object.entries(patch)) {
    if (!Object.hasOwn(current, name)) throw new TypeError(`${path}.${name} is not a setting`);
    check(current[name], value, `${path}.${name}`);
  }
}

function checkList(patch: unknown, path: string): void {
  if (!Array.isArray(patch) || patch.some((item) => typeof item !== "string"))
    throw new TypeError(`${path} must be a list of texts`);
  for (const item of patch) checkWord(item, path);
}

function checkWord(value: unknown, path: string): void {
  const known = words[path];
  if (known && !known.includes(value as string)) throw new TypeError(`${path} must be one of ${known.join(", ")}`);
}

function checkAudio(patch: unknown, path: string): void {
  if (!isTree(patch)) throw new TypeError(`${path} must be an object`);
  if (path.endsWith(".every")) checkShape(patch, path);
  else if (path.endsWith(".only")) for (const [id, shape] of Object.entries(patch)) checkShape(shape, `${path}.${id}`);
  else for (const [id, sections] of Object.entries(patch)) checkSections(sections, `${path}.${id}`);
}

function checkShape(shape: unknown, path: string): void {
  if (!isTree(shape)) throw new TypeError(`${path} must be an object`);
  const { codec, channels, seconds, form, sparseBytes, ...rest } = shape;
  const wrong =
    (codec !== undefined && !codecs.includes(codec as never) && "codec") ||
    (channels !== undefined && channels !== 1 && channels !== 2 && "channels") ||
    (form !== undefined && !wavForms.includes(form as never) && "form") ||
    (seconds !== undefined && !isCount(seconds) && "seconds") ||
    (sparseBytes !== undefined && !isCount(sparseBytes) && "sparseBytes") ||
    Object.keys(rest)[0];
  if (wrong) throw new TypeError(`${path}.${wrong} is not known, or has a wrong value`);
}

function checkSections(sections: unknown, path: string): void {
  const right = (section: unknown) => Array.isArray(section) && section.length === 2 && section.every(isCount);
  if (!Array.isArray(sections) || !sections.every(right))
    throw new TypeError(`${path} must be a list of [from, to] in seconds`);
}

function merge(target: Tree, patch: Tree, path: string): void {
  for (const [name, value] of Object.entries(patch)) {
    const inner = `${path}.${name}`;
    if (isTree(value) && !open.has(inner)) merge(target[name] as Tree, value, inner);
    else target[name] = structuredClone(value);
  }
}

function isTree(value: unknown): value is Tree {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value) && value >= 0;
}
