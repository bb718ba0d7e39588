import { isUtf8 } from "node:buffer";
import { createHash } from "node:crypto";
import { RecordingError } from "../core/model/errors.ts";
import type { Store } from "../core/model/store.ts";
import type { FileState } from "../core/proof/verify.ts";
import type { Content, FilledObject, VconParts } from "../core/vcon/vcon.ts";
import { readSmall } from "./read-stored.ts";

/** What each file was when it was read, or why it could not be. */
type States = Map<string, FileState | RecordingError>;

/**
 * A vCon as JSON, piece by piece: recordings of any length pass through it. Notes in `states` what each file was when it
 * was read, or why it could not be; one that is not there is not noted, and what was written then is no vCon.
 */
export async function* vconText(
  { head, dialog, analysis }: VconParts,
  store: Store,
  states: States,
): AsyncIterable<string> {
  yield unclosed(head);
  yield ',"dialog":[';
  yield* listText(dialog, store, states);
  if (analysis.length > 0) {
    yield '],"analysis":[';
    yield* listText(analysis, store, states);
  }
  yield "]}\n";
}

async function* listText(objects: readonly FilledObject[], store: Store, states: States) {
  for (const [at, { fields, content }] of objects.entries()) {
    yield `${at === 0 ? "" : ","}${unclosed(fields)}`;
    try {
      yield* contentText(content, store, states);
    } catch (error) {
      if (!(error instanceof RecordingError) || !ofTheFile.has(error.code)) throw error;
      states.set(content.path, error);
    }
    yield "}";
  }
}

/** What is wrong with one file; all else is wrong with the store. */
const ofTheFile: ReadonlySet<string> = new Set(["disk-io", "unsafe-path"]);

/** An object's text without its end, for more to follow. */
function unclosed(fields: object): string {
  return JSON.stringify(fields).slice(0, -1);
}

/** Larger text is put in as bytes. */
const mostTextBytes = 8 * 1024 * 1024;

async function* contentText(content: Content, store: Store, states: States): AsyncIterable<string> {
  const text = content.isText ? await readSmall(store, content.path, mostTextBytes) : undefined;
  if (text === undefined || !isUtf8(text)) return yield* bytesText(content, store, states);
  const encoding = content.mediatype === "application/json" && isJson(text.toString()) ? "json" : "none";
  yield `,"encoding":"${encoding}","body":${JSON.stringify(text.toString())}`;
  yield `,"content_hash":"sha512-${createHash("sha512").update(text).digest("base64url")}"`;
  states.set(content.path, { bytes: text.length, sha256: createHash("sha256").update(text).digest("hex") });
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

async function* bytesText({ path, url }: Content, store: Store, states: States): AsyncIterable<string> {
  const [sha256, sha512] = [createHash("sha256"), createHash("sha512")];
  let bytes = 0;
  let carried: Buffer = Buffer.alloc(0);
  yield url === undefined ? ',"encoding":"base64url","body":"' : `,"url":${JSON.stringify(url)}`;
  await using reading = await store.read(path);
  if (reading === undefined) return;
  for await (const chunk of reading.bytes) {
    sha256.update(chunk);
    sha512.update(chunk);
    bytes += chunk.length;
    if (url !== undefined) continue;
    // Only whole groups of three bytes can be written on their own.
    const all = Buffer.concat([carried, chunk]);
    const whole = all.length - (all.length % 3);
    carried = all.subarray(whole);
    yield all.toString("base64url", 0, whole);
  }
  if (url === undefined) yield `${carried.toString("base64url")}"`;
  yield `,"content_hash":"sha512-${sha512.digest("base64url")}"`;
  states.set(path, { bytes, sha256: sha256.digest("hex") });
}
