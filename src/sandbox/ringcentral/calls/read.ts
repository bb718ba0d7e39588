import type { ApiCall } from "../context.ts";
import { notFound } from "../errors.ts";
import { type Answer, ok } from "../server/answer.ts";
import { recordContext } from "./list.ts";
import { oneOf } from "./query.ts";
import { recordOf } from "./record.ts";
import { momentOf } from "./timeline.ts";

/** `GET …/call-log/{id}`: one record. */
export function readCall({ sandbox, request, params }: ApiCall, extension?: number): Answer {
  const { calls, settings, clock } = sandbox;
  const call = calls.byRecordId(params.record ?? "");
  if (!call || (extension !== undefined && call.extension !== extension)) throw notFound("callRecordId");
  const moment = momentOf(call, settings.callLog, clock.now());
  if (!moment.listed) throw notFound("callRecordId");
  const detailed = oneOf(request.query, "view", ["Simple", "Detailed"]) === "Detailed";
  return ok(recordOf(call, moment, recordContext(sandbox, detailed)));
}
