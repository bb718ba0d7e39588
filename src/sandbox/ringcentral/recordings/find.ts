import { isChosen } from "../../faults.ts";
import { checkAccount } from "../account/info.ts";
import { type Call, endMs } from "../calls/call.ts";
import { momentOf } from "../calls/timeline.ts";
import { type ApiCall, isGranted } from "../context.ts";
import { missingRecording, roleMissing } from "../errors.ts";

/** The recording in the path and its call. 404 when unknown, deleted, too old or not ready; 403 when not allowed. */
export function findRecording({ sandbox, params, login }: ApiCall): { id: string; call: Call; index: number } {
  checkAccount(params.account);
  const id = params.recording ?? "";
  const { settings, clock, calls } = sandbox;
  const missing = () => missingRecording(settings.content.missing);
  const call = calls.byRecordingId(id);
  if (!call) throw missing();
  const index = Number(id) % 10_000_000_000;
  const { content, callLog } = settings;
  if (isChosen(content.deleted, index, id)) throw missing();
  const now = clock.now();
  if (now - endMs(call) > content.retentionDays * 86_400_000) throw missing();
  const late = isChosen(content.notReady.chosen, index, id);
  if (late && now < endMs(call) + content.notReady.afterSeconds * 1_000) throw missing();
  if (!momentOf(call, callLog, now).recorded) throw missing();
  const may = (permission: string) => isGranted(sandbox, login, permission);
  if (isChosen(content.forbidden, index, id) || !may("ReadCallRecording")) {
    throw roleMissing("ReadCallRecording");
  }
  if (call.extension !== login.user.extension && !may("ReadCompanyCallRecordings")) {
    throw roleMissing("ReadCompanyCallRecordings");
  }
  return { id, call, index };
}
