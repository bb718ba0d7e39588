import type { RecordingKey } from "../../core/model/recording.ts";
import { transcriptExtension } from "../../core/transcripts/names.ts";
import type { S3Body, S3Client } from "./client.ts";
import { factsIn, keepingHeaders, type ObjectSettings } from "./object-headers.ts";
import { refusalOf } from "./refusals.ts";

interface Context {
  readonly client: S3Client;
  readonly objects: ObjectSettings;
  now(): number;
}

const contentTypes = { vtt: "text/vtt", srt: "application/x-subrip", json: "application/json", txt: "text/plain" };

/**
 * Brings a transcript to its place beside the audio, in place of an earlier one of the same recording; `taken` where
 * another object has that name, which stays. A transcript is not locked: it may be made anew.
 */
export async function uploadTranscript(
  key: RecordingKey,
  path: string,
  body: S3Body,
  { client, objects, now }: Context,
  signal: AbortSignal,
): Promise<"kept" | "taken"> {
  const { lock: _, ...kept } = objects;
  const object = client.place.prefix + path;
  const head = await client.send({ method: "HEAD", key: object }, signal);
  if (head.status >= 300 && head.status !== 404) throw refusalOf(head, client.place, `looking at ${path}`, now());
  const stands = head.status === 404 ? undefined : factsIn(head);
  if (stands !== undefined && stands.key !== key) return "taken";
  if (stands?.sha256 === body.sha256) return "kept";
  const headers = {
    "content-type": contentTypes[transcriptExtension(path) ?? "txt"],
    "x-amz-meta-callreel-key": key,
    "x-amz-meta-callreel-sha256": body.sha256,
    ...keepingHeaders(kept, now()),
    ...(stands === undefined ? { "if-none-match": "*" } : {}),
  };
  const answer = await client.send({ method: "PUT", key: object, headers, body }, signal);
  if (answer.status === 412) return "taken";
  if (answer.status >= 300) throw refusalOf(answer, client.place, `writing ${path}`, now());
  return "kept";
}
