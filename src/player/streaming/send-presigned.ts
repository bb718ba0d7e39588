import type { ServerResponse } from "node:http";
import type { Stored } from "../../core/model/recording.ts";
import type { PresignedUrls, Store } from "../../core/model/store.ts";
import { redirect } from "../respond.ts";
import { isStored } from "./stored-audio.ts";

/** Besides the time that the recording itself lasts: to begin, to pause, and to go back. */
const spareSeconds = 15 * 60;
/** Stores sign for a week at most; a length that a damaged file claims is not believed that far. */
const mostSeconds = 12 * 3600;

/** Sends a listener on to the store, with a URL that is good for this recording and a while; false, with nothing sent, when its file is not there. */
export async function sendToStore(
  response: ServerResponse,
  { store, presigned }: { readonly store: Store; readonly presigned: PresignedUrls },
  stored: Stored,
  downloadAs: string | undefined,
): Promise<boolean> {
  if (!(await isStored(store, stored))) return false;
  const { path, contentType, audioSeconds = 0 } = stored;
  const seconds = Math.min(spareSeconds + Math.ceil(audioSeconds), mostSeconds);
  const as = { contentType, seconds, ...(downloadAs === undefined ? {} : { downloadAs }) };
  redirect(response, await presigned.urlOf(path, as), { "cross-origin-resource-policy": "cross-origin" });
  return true;
}
