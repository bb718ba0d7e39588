import { accountId } from "../account/extensions.ts";
import type { ApiCall } from "../context.ts";
import { type Answer, ok } from "../server/answer.ts";
import { findRecording } from "./find.ts";

/** `GET …/recording/{id}`. */
export function recordingMetadata(api: ApiCall): Answer {
  const { id, call } = findRecording(api);
  const { urls, audio } = api.sandbox;
  return ok({
    id,
    contentUri: `${urls.media}/restapi/v1.0/account/${accountId}/recording/${id}/content`,
    contentType: audio.typeOf(id),
    duration: call.durationSeconds,
  });
}
