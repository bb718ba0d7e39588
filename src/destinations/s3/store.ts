import { RecordingError } from "../../core/model/errors.ts";
import type { FileFacts, ListedFile, PresignedUrls, Reading, Store } from "../../core/model/store.ts";
import { checkPath } from "../disk/disk.ts";
import { isFinished } from "../disk/finished-files.ts";
import { nameOf, urlOf } from "./address.ts";
import type { S3Client } from "./client.ts";
import { lookAt } from "./look.ts";
import { factsIn } from "./object-headers.ts";
import { mustBe, refusalOf } from "./refusals.ts";
import { keysWithVersions, removeObject } from "./remove.ts";
import { decoded, elementsIn, textIn } from "./xml.ts";

interface StoreContext {
  readonly client: S3Client;
  now(): number;
  /** Ends what runs. */
  readonly signal: AbortSignal;
}

/** The finished recordings of a place in a bucket, to read, list and delete. Closes its client with itself. */
export function openS3Store(context: StoreContext): Store {
  const { client, now, signal } = context;
  const keyOf = (path: string): string => {
    checkPath(nameOf(client.place), path);
    return client.place.prefix + path;
  };

  async function stat(path: string): Promise<FileFacts | undefined> {
    checkPath(nameOf(client.place), path);
    const head = await lookAt(path, { client, now }, signal);
    return head && factsIn(head);
  }

  return {
    stat,
    async read(path, range) {
      const key = keyOf(path);
      const headers: Record<string, string> = range === undefined ? {} : { range: `bytes=${range.start}-${range.end}` };
      const body = await client.open({ method: "GET", key, headers }, signal);
      if (body.head.status < 300) return readingOf(factsIn(body.head), body);
      const answer = await body.whole();
      if (answer.status === 404) return undefined;
      if (answer.status !== 416) throw refusalOf(answer, client.place, `reading ${path}`, now());
      const facts = await stat(path);
      return facts && { facts, bytes: nothing(), async [Symbol.asyncDispose]() {} };
    },
    list: ({ under = "" } = {}) => listed(context, under === "" ? client.place.prefix : `${keyOf(under)}/`),
    async namesakes(path) {
      const stem = keyOf(path).replace(/\.[^./]+$/, "");
      const keys = await keysWithVersions(client, `${stem}.`, now, signal);
      return keys && new Set([...keys].map((key) => key.slice(client.place.prefix.length)));
    },
    async remove(path) {
      checkPath(nameOf(client.place), path);
      return removeObject(client, path, now, signal);
    },
    presigned: openPresignedUrls(client),
    async settle() {},
    [Symbol.asyncDispose]: () => client[Symbol.asyncDispose](),
  };
}

function readingOf(facts: FileFacts, body: { readonly bytes: AsyncIterable<Uint8Array>; close(): void }): Reading {
  return {
    facts,
    bytes: body.bytes,
    async [Symbol.asyncDispose]() {
      body.close();
    },
  };
}

async function* nothing(): AsyncIterable<Uint8Array> {}

/** Flat, a thousand keys to a request. */
async function* listed({ client, now, signal }: StoreContext, prefix: string): AsyncIterable<readonly ListedFile[]> {
  const { place } = client;
  let more: Readonly<Record<string, string>> | undefined = {};
  while (more !== undefined) {
    const query = { "list-type": "2", prefix, "encoding-type": "url", ...more };
    const answer = await client.send({ method: "GET", key: "", query, maxBytes: 8 << 20 }, signal);
    if (answer.status >= 300) throw refusalOf(answer, place, "listing", now());
    mustBe("ListBucketResult", answer, place);
    const xml = answer.body.toString("utf8");
    const page = [...elementsIn(xml, "Contents")].map((each) => listedFile(each, place.prefix));
    yield page.filter(({ path }) => isOfPeople(path));
    const token = textIn(xml.slice(0, xml.indexOf("<Contents>")) + xml.slice(-4096), "NextContinuationToken");
    const truncated = xml.includes("<IsTruncated>true</IsTruncated>");
    if (truncated && (token === undefined || token === more["continuation-token"])) throw cutShort(client);
    more = truncated && token !== undefined ? { "continuation-token": token } : undefined;
  }
}

/** A listing that does not end as it should is never taken for a short one. */
function cutShort({ place }: S3Client): RecordingError {
  return new RecordingError("bad-answer", `${nameOf(place)}: the listing says that there is more, but not where.`);
}

function listedFile(xml: string, prefix: string): ListedFile {
  const size = textIn(xml, "Size") ?? "";
  const changedMs = Date.parse(textIn(xml, "LastModified") ?? "");
  return {
    path: decoded(textIn(xml, "Key") ?? "").slice(prefix.length),
    ...(/^\d{1,15}$/.test(size) ? { bytes: Number(size) } : {}),
    ...(Number.isNaN(changedMs) ? {} : { changedMs }),
  };
}

function isOfPeople(path: string): boolean {
  const parts = path.split("/");
  return path !== "" && !parts.includes(".callreel") && isFinished(parts.at(-1) ?? "") && parts.at(-1) !== "";
}

/** Signs URLs of a bucket's objects, with which a browser reads one from the store itself. */
function openPresignedUrls(client: S3Client): PresignedUrls {
  const { server, place } = client;
  return {
    origin: new URL(urlOf(server, place.bucket, "")).origin,
    urlOf: (path, { contentType, downloadAs, seconds }) =>
      client.presign(
        place.prefix + path,
        {
          "response-content-type": contentType,
          "response-cache-control": "private,no-cache",
          ...(downloadAs === undefined ? {} : { "response-content-disposition": attachment(downloadAs) }),
        },
        seconds,
      ),
  };
}

/** Without a space, which signers and stores write in different ways. */
function attachment(name: string): string {
  return `attachment;filename*=UTF-8''${encodeURIComponent(name).replace(/['()*]/g, (char) => `%${char.charCodeAt(0).toString(16)}`)}`;
}
