import { createHash } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { keyOf } from "./calls.ts";
import type { Fault } from "./faults.ts";
import { type ByteRange, rangeOf } from "./range.ts";
import { type RecordedAudio, recordedAudio } from "./recorded-audio.ts";
import { htmlPage, pause, reply, reset, strike } from "./reply.ts";
import { accidentAfter, sendBody } from "./send-body.ts";
import type { Site } from "./site.ts";
import type { Token } from "./tokens.ts";

/** The Echo Service: whoever holds a live token URL gets the audio; nobody is asked for a login. */
export async function answerEcho(site: Site, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { settings, stats, events } = site;
  stats.counts.requests.echo += 1;
  if (request.headers.authorization !== undefined) stats.counts.echoSawAuthorization += 1;
  if (request.headers.cookie !== undefined) stats.counts.echoSawCookie += 1;
  const { token, refused } = site.tokens.use(request.url ?? "", request.socket.remoteAddress ?? "");
  const recording = token && keyOf(token.call);
  if (token && recording) {
    stats.audioRequest(recording);
    const ms = site.clock.now() - token.issuedAt;
    stats.counts.tokenAges.push({ recording, ms });
    events.record({ kind: "echo-request", recording, tokenAgeMs: ms, refused: refused ?? null });
  }
  const fault = site.faults.next(settings.faults, "echo", token?.call.voicefilename);
  await pause(settings.echo.delayMs, site.closing);
  if (fault && (await strike(fault, response, site))) return;
  if (refused === "unknown" || !token) return refuseUnknown(site, response);
  if (refused) return refuseDead(site, refused, request, response);
  if (request.method !== "GET" && request.method !== "HEAD") return reply(response, 405, "", { allow: "GET, HEAD" });
  if (settings.access.audioMissing.includes(token.call.voicefilename))
    return reply(response, 404, "Recording not found.\r\n");
  const audio = recordedAudio(
    token.call,
    token.format,
    settings.audio,
    site.signals.sections(token.call, site.clock.now()),
  );
  await answerAudio(site, { token, audio, fault }, request, response);
}

interface Delivery {
  readonly token: Token;
  readonly audio: RecordedAudio;
  readonly fault: Fault | undefined;
}

async function answerAudio(
  site: Site,
  { token, audio, fault }: Delivery,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { echo } = site.settings;
  const etag = etagOf(audio, echo.etag);
  const range = echo.ranges ? rangeOf(request, audio.bytes, etag) : undefined;
  if (echo.ranges) response.setHeader("accept-ranges", "bytes");
  if (etag) response.setHeader("etag", etag);
  if (range === "unsatisfiable")
    return reply(response, 416, "", { "content-range": `bytes */${audio.bytes}`, "content-type": "text/plain" });
  const type = token.format === "mp3" && echo.contentType === "audio/wav" ? "audio/mpeg" : echo.contentType;
  if (type) response.setHeader("content-type", type);
  if (range) response.setHeader("content-range", `bytes ${range.from}-${range.to - 1}/${audio.bytes}`);
  const part: ByteRange = range ?? { from: 0, to: audio.bytes };
  announce(response, part.to - part.from, echo.length, fault);
  response.writeHead(range ? 206 : 200);
  if (request.method === "HEAD") return void response.end();
  const sent = await sendBody(response, audio, part, {
    fault,
    bytesPerSecond: () => site.settings.echo.bytesPerSecond,
    isOver: () => site.settings.token.strict && site.clock.now() >= token.expiresAt,
    closing: site.closing,
  });
  site.stats.counts.bytesSent += sent.bytes;
  if (sent.sha256 && !range) site.stats.served(keyOf(token.call), sent.bytes, sent.sha256);
}

function announce(
  response: ServerResponse,
  bytes: number,
  length: Site["settings"]["echo"]["length"],
  fault: Fault | undefined,
): void {
  const cut = fault?.do === "cut-body" ? accidentAfter(fault, bytes) : bytes;
  if (length === "close") {
    response.useChunkedEncodingByDefault = false;
    response.setHeader("connection", "close");
  } else if (length !== "chunked") {
    const lie = { "content-length": 0, longer: 1_000, shorter: -Math.min(1_000, Math.floor(cut / 2)) }[length];
    response.setHeader("content-length", cut + lie);
    if (lie !== 0) response.setHeader("connection", "close");
  }
}

function refuseUnknown({ stats }: Site, response: ServerResponse): void {
  stats.counts.unknownTokens += 1;
  reply(response, 404, "Not found.\r\n");
}

function refuseDead(
  site: Site,
  why: "expired" | "used" | "foreign",
  request: IncomingMessage,
  response: ServerResponse,
) {
  if (why === "expired") site.stats.counts.expiredTokens += 1;
  const look = site.settings.token.expired;
  if (look === "reset") return reset(request);
  if (look === "html") return reply(response, 200, htmlPage, { "content-type": "text/html; charset=utf-8" });
  if (look === "empty") return reply(response, 200);
  reply(response, Number(look), "The security token is not valid.\r\n");
}

function etagOf({ head, bytes }: RecordedAudio, kind: "none" | "strong" | "weak"): string | undefined {
  if (kind === "none") return undefined;
  const hash = createHash("sha256").update(head).update(String(bytes)).digest("hex").slice(0, 24);
  return kind === "weak" ? `W/"${hash}"` : `"${hash}"`;
}
