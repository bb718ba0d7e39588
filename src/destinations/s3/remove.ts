import { RecordingError } from "../../core/model/errors.ts";
import type { HttpAnswer } from "../../http/client.ts";
import { nameOf } from "./address.ts";
import type { S3Client } from "./client.ts";
import { codeOf, mustBe, refusalOf } from "./refusals.ts";
import { decoded, elementsIn, textIn } from "./xml.ts";

/** What became of an object that was to be deleted. */
export type ObjectRemoval = "removed" | "absent" | "locked";

interface Version {
  readonly id: string;
  readonly isMarker: boolean;
}

/**
 * Deletes an object for good: every version of it, where the bucket keeps versions, and the markers of earlier deletions. A
 * version that is locked stays, and so does the object, with what else is locked of it.
 */
export async function removeObject(
  client: S3Client,
  path: string,
  now: () => number,
  signal: AbortSignal,
): Promise<ObjectRemoval> {
  const key = client.place.prefix + path;
  const versions = await versionsOf(client, key, now, signal);
  if (versions.every(({ isMarker }) => isMarker)) return "absent";
  let locked = false;
  for (const { id } of versions) {
    const query = id === "" ? {} : { versionId: id };
    const answer = await client.send({ method: "DELETE", key, query }, signal);
    if (answer.status < 300 || answer.status === 404) continue;
    if (!isLock(codeOf(answer)) || !(await isLocked(client, key, query, now, signal))) {
      throw refusalOf(answer, client.place, `deleting ${path}`, now());
    }
    locked = true;
  }
  return locked ? "locked" : "removed";
}

function isLock(code: string | undefined): boolean {
  return code === undefined || /^(AccessDenied|ObjectLocked|InvalidRequest|MethodNotAllowed)$/.test(code);
}

/** A refusal alone does not tell a lock from a missing right. */
async function isLocked(
  client: S3Client,
  key: string,
  query: Readonly<Record<string, string>>,
  now: () => number,
  signal: AbortSignal,
): Promise<boolean> {
  const { headers } = await client.send({ method: "HEAD", key, query }, signal);
  const until = Date.parse(headers["x-amz-object-lock-retain-until-date"] ?? "");
  return until > now() || headers["x-amz-object-lock-legal-hold"]?.toUpperCase() === "ON";
}

/** A store that knows no versions has one without an id. */
async function versionsOf(
  client: S3Client,
  key: string,
  now: () => number,
  signal: AbortSignal,
): Promise<readonly Version[]> {
  const found: Version[] = [];
  for await (const xml of versionPages(client, key, now, signal)) {
    if (xml === undefined) return [{ id: "", isMarker: false }];
    found.push(...versionsIn(xml, key, "Version"), ...versionsIn(xml, key, "DeleteMarker"));
    // The keys that only begin alike come after it.
    if (decoded(textIn(xml, "NextKeyMarker") ?? "") !== key) break;
  }
  return found;
}

/** The keys that begin so and have a version; undefined where the store knows no versions. */
export async function keysWithVersions(
  client: S3Client,
  prefix: string,
  now: () => number,
  signal: AbortSignal,
): Promise<ReadonlySet<string> | undefined> {
  const keys = new Set<string>();
  for await (const xml of versionPages(client, prefix, now, signal)) {
    if (xml === undefined) return undefined;
    for (const each of elementsIn(xml, "Version")) keys.add(decoded(textIn(each, "Key") ?? ""));
  }
  return keys;
}

/** The listing of all versions of what begins so, page by page; undefined from a store that has no such listing. */
async function* versionPages(
  client: S3Client,
  prefix: string,
  now: () => number,
  signal: AbortSignal,
): AsyncIterable<string | undefined> {
  let marker: Readonly<Record<string, string>> | undefined = {};
  while (marker !== undefined) {
    const query = { versions: "", prefix, "encoding-type": "url", ...marker };
    const answer: HttpAnswer = await client.send({ method: "GET", key: "", query, maxBytes: 8 << 20 }, signal);
    if (answer.status === 501 || answer.status === 405) return yield undefined;
    if (answer.status >= 300) throw refusalOf(answer, client.place, "listing versions", now());
    mustBe("ListVersionsResult", answer, client.place);
    const xml = answer.body.toString("utf8");
    yield xml;
    marker = nextMarker(xml, marker, client);
  }
}

function versionsIn(xml: string, key: string, element: "Version" | "DeleteMarker"): Version[] {
  const own = [...elementsIn(xml, element)].filter((each) => decoded(textIn(each, "Key") ?? "") === key);
  return own.map((each) => ({ id: textIn(each, "VersionId") ?? "", isMarker: element === "DeleteMarker" }));
}

/** Where the listing goes on. */
function nextMarker(
  xml: string,
  before: Readonly<Record<string, string>>,
  client: S3Client,
): Readonly<Record<string, string>> | undefined {
  if (textIn(xml, "IsTruncated") !== "true") return undefined;
  const key = decoded(textIn(xml, "NextKeyMarker") ?? "");
  const id = textIn(xml, "NextVersionIdMarker");
  const next = { "key-marker": key, ...(id ? { "version-id-marker": id } : {}) };
  if (key !== "" && JSON.stringify(next) !== JSON.stringify(before)) return next;
  throw new RecordingError("bad-answer", `${nameOf(client.place)}: the listing does not end.`);
}
