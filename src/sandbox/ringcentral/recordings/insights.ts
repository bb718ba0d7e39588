import { isChosen } from "../../faults.ts";
import { accountId, extensionIdOf, extensionNameOf } from "../account/extensions.ts";
import { type Call, endMs } from "../calls/call.ts";
import { type ApiCall, isGranted } from "../context.ts";
import { notFound, roleMissing, unknownToGateway } from "../errors.ts";
import { type Answer, ok } from "../server/answer.ts";
import { findRecording } from "./find.ts";

/** What is said in each call, in turn; there is no such speech in its audio. */
const sentences = [
  "Thank you for calling Harbour Travel, how can I help you?",
  "I would like to move my ferry ticket from Tuesday to Thursday.",
  "Let me look that up. Yes, the Thursday ferry still has seats.",
  "Wonderful, please send the confirmation by e-mail.",
] as const;

/** `GET /ai/ringsense/v1/public/accounts/{id}/domains/{domain}/records/{id}/insights`: what RingSense says of a call. */
export function recordingInsights(api: ApiCall): Answer {
  const { sandbox, login, params } = api;
  const { insights } = sandbox.settings;
  if (!insights.licensed) throw unknownToGateway();
  if (!isGranted(sandbox, login, "ReadRingSenseInsights")) throw roleMissing("ReadRingSenseInsights");
  if (params.domain !== "pbx") throw notFound("domain");
  const { id, call, index } = findRecording(api);
  const readyMs = endMs(call) + insights.afterSeconds * 1_000;
  if (isChosen(insights.missing, index, id) || sandbox.clock.now() < readyMs) throw notFound("sourceRecordId");
  const asked = api.request.query.getAll("insightTypes");
  const units = Object.entries(unitsOf(call)).filter(([name]) => asked.length === 0 || asked.includes(name));
  const writtenAt = new Date(readyMs).toISOString();
  return ok({
    title: `Call with ${call.phone}`,
    domain: "pbx",
    sourceRecordId: id,
    sourceSessionId: call.telephonySessionId,
    callDirection: call.inbound ? "Inbound" : "Outbound",
    ownerExtensionId: extensionIdOf(call.extension),
    recordingDurationMs: call.durationSeconds * 1_000,
    recordingStartTime: new Date(call.startMs).toISOString(),
    creationTime: writtenAt,
    lastModifiedTime: writtenAt,
    speakerInfo: speakersOf(call),
    insights: Object.fromEntries(units),
  });
}

function speakersOf(call: Call) {
  const own = { name: extensionNameOf(call.extension), accountId, extensionId: extensionIdOf(call.extension) };
  return [
    { speakerId: speakerOf(call, 1), ...own },
    { speakerId: speakerOf(call, 2), name: null, accountId: null, extensionId: null },
  ];
}

function speakerOf({ telephonySessionId }: Call, party: 1 | 2): string {
  return `${telephonySessionId.replace(/^s-/, "p-")}-${party}`;
}

function unitsOf(call: Call) {
  const step = call.durationSeconds / sentences.length;
  const times = (at: number) => ({
    start: Math.round(at * step * 100) / 100,
    end: Math.round((at + 0.9) * step * 100) / 100,
  });
  const speaker = (at: number) => ({ speakerId: speakerOf(call, at % 2 === 0 ? 1 : 2) });
  return {
    Transcript: sentences.map((text, at) => ({ text, ...times(at), ...speaker(at) })),
    Summary: [{ value: "The customer rebooks a ferry for Thursday.", start: 0, end: 1 }],
    Highlights: [{ value: sentences[1], ...times(1), ...speaker(1) }],
    NextSteps: [{ value: "Send the rebooking confirmation.", ...times(3), ...speaker(0) }],
    BulletedSummary: [{ value: "Ferry moved from Tuesday to Thursday." }],
    AIScore: [{ value: "7" }],
  };
}
