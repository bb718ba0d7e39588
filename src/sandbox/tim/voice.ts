import type { IncomingMessage, ServerResponse } from "node:http";
import { keyOf } from "./calls.ts";
import type { Fault } from "./faults.ts";
import type { LoginResult } from "./login.ts";
import { htmlPage, pause, reply, reset, strike } from "./reply.ts";
import { accidentAfter, sendBody } from "./send-body.ts";
import { answerSignal } from "./signals.ts";
import type { Site } from "./site.ts";
import { parseVoiceQuery } from "./voice-query.ts";

/** TIM's web server: whoever is logged in gets a token URL for a recording. */
export async function answerTim(site: Site, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { settings, stats } = site;
  stats.counts.requests.tim += 1;
  const login = site.login.check(request);
  if (settings.login.cookie) response.setHeader("set-cookie", "TIMSESSION=sandbox; Path=/; HttpOnly");
  if (!login.passed) return turnAway(site, login, request, response);
  const [path = "", query = ""] = (request.url ?? "").split(/\?(.*)/s);
  if (request.method !== "GET" && request.method !== "HEAD") return reply(response, 405, "", { allow: "GET" });
  if (path === settings.signal.path) return answerSignal(site, query, response);
  const format = settings.voice.extensions.find((extension) => path === `${settings.voice.path}.${extension}`);
  if (!format) return reply(response, 404, "No such script.\r\n");
  await answerVoice(site, query, format, request, response);
}

async function answerVoice(
  site: Site,
  query: string,
  format: "wav" | "mp3",
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { settings, stats, tokens } = site;
  const asked = parseVoiceQuery(query, settings.voice);
  if (asked?.salt) stats.salt(asked.salt);
  const call = asked && site.recordings.get(keyOf(asked));
  if (asked) stats.tokenRequest(keyOf(asked));
  const fault = site.faults.next(settings.faults, "tim", asked?.voicefilename);
  await pause(settings.voice.delayMs, site.closing);
  if (fault && (await strike(fault, response, site))) return;
  if (settings.access.scriptBlocked) return reply(response, 403, "Not allowed for this web class.\r\n");
  if (!asked) return reply(response, 400, "Bad request.\r\n");
  if (settings.access.outOfScope.includes(asked.voicefilename))
    return reply(response, Number(settings.access.look), "Not in your part of the directory.\r\n");
  if (!call) return answerUnknown(site, response);
  const address = request.socket.remoteAddress ?? "";
  const token = tokens.issue(call, format, { target: request.url ?? "", address });
  stats.counts.tokensIssued += 1;
  await answerToken(site, token.target, fault, response);
}

function answerUnknown({ settings }: Site, response: ServerResponse) {
  const { unknown } = settings.voice;
  if (unknown === "empty") return reply(response, 200);
  if (unknown === "html") return reply(response, 200, htmlPage, { "content-type": "text/html; charset=utf-8" });
  reply(response, Number(unknown), unknown === "404" ? "Object not found.\r\n" : "Internal error.\r\n");
}

/** The token URL in every dress that a web server may give it. */
async function answerToken(site: Site, target: string, fault: Fault | undefined, response: ServerResponse) {
  const { answer } = site.settings;
  const origin = answer.echoHost ? site.echoOrigin().replace(/\/\/.*/, `//${answer.echoHost}`) : site.echoOrigin();
  const url = answer.url === "relative" ? target : `${origin}${target}`;
  if (answer.redirect) return reply(response, 302, "", { location: url });
  const head = Buffer.from(answer.body ?? `${answer.bom ? "\uFEFF" : ""}${url}${answer.trailer}`, "utf8");
  if (answer.contentType) response.setHeader("content-type", answer.contentType);
  const announced = fault?.do === "cut-body" ? accidentAfter(fault, head.length) : head.length;
  if (answer.contentLength) response.setHeader("content-length", announced);
  response.writeHead(200);
  const { closing } = site;
  const never = { bytesPerSecond: () => 0, isOver: () => false };
  await sendBody(response, { bytes: head.length, head }, { from: 0, to: head.length }, { fault, closing, ...never });
}

function turnAway(
  site: Site,
  { why, look }: Extract<LoginResult, { passed: false }>,
  request: IncomingMessage,
  response: ServerResponse,
) {
  const { counts } = site.stats;
  if (why === "challenge") counts.challenges += 1;
  if (why === "refused") counts.refusedLogins += 1;
  if (why === "stale") counts.staleNonces += 1;
  if (why === "locked") counts.lockedOut += 1;
  site.events.record({ kind: `tim-login-${why}`, address: request.socket.remoteAddress ?? "" });
  if (look === "reset") return reset(request);
  if (look.status === 403) return reply(response, 403, "This address is locked.\r\n");
  const headers = { "www-authenticate": look.challenges, "content-type": "text/html; charset=utf-8" };
  reply(response, 401, htmlPage, headers);
}
