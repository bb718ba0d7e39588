import type { HttpAnswer } from "../../http/client.ts";
import type { S3Client } from "./client.ts";
import { refusalOf } from "./refusals.ts";

/** What the store tells of the object at a path below the prefix; undefined where there is none, and a refusal is thrown. */
export async function lookAt(
  path: string,
  { client, now }: { readonly client: S3Client; now(): number },
  signal: AbortSignal,
): Promise<HttpAnswer | undefined> {
  const answer = await client.send({ method: "HEAD", key: client.place.prefix + path }, signal);
  if (answer.status === 404) return undefined;
  if (answer.status >= 300) throw refusalOf(answer, client.place, `looking at ${path}`, now());
  return answer;
}
