import { isChosen } from "../../faults.ts";
import { checkAccount } from "../account/info.ts";
import { type Call, endMs } from "../calls/call.ts";
import { momentOf } from "../calls/timeline.ts";
import type { ApiCall } from "../context.ts";
import { notFound, roleMissing } from "../errors.ts";

/** The recording in the path and its call. 404 when unknown, deleted, too old or not ready; 403 when not allowed. */
export function findRecording({ sandbox, params, login }: ApiCall): { id: string; call: Call; index: number } {
  checkAccount(params.account);
  const id = params.recording ?? "";
  const { settings, clock, calls } = sandbox;
  const call = calls.byRecordingId(id);
  if (!call) throw notFound("callRecordingId");
  const index = Number(id) % 10_000_000_000;
  const { content, callLog } = settings;
  if (isChosen(content.deleted, index, id)) throw notFound("callRecordingId");
  const now = clock.now();
  if (now - endMs(call) > content.retentionDays * 86_400_000) throw notFound("callRecordingId");
  const late = isChosen(content.notReady.chosen, index, id);
  if (late && now < endMs(call) + content.notReady.afterSeconds * 1_000) throw notFound("callRecordingId");
  if (!momentOf(call, callLog, now).recorded) throw notFound("callRecordingId");
  const { permissions } = login.user;
  if (isChosen(content.forbidden, index, id) || !permissions.includes("ReadCallRecording")) {
    throw roleMissing("ReadCallRecording");
  }
  if (call.extension !== login.user.extension && !permissions.includes("ReadCompanyCallRecordings")) {
    throw roleMissing("ReadCompanyCallRecordings");
  }
  return { id, call, index };
}
