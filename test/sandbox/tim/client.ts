import { createHash } from "node:crypto";
import { type IncomingHttpHeaders, request as plainRequest } from "node:http";
import { request as tlsRequest } from "node:https";
import { connect } from "node:net";
import type { Call } from "../../../src/sandbox/tim/calls.ts";
import { openTimSandbox, type TimSandbox, type TimSandboxOptions } from "../../../src/sandbox/tim/index.ts";

export interface Heard {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly body: Buffer;
  /** Set when the connection broke: what had arrived is in `body`. */
  readonly broke: boolean;
}

interface Asked {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
  readonly ca?: string;
  readonly localAddress?: string;
  readonly ciphers?: string;
  readonly minVersion?: "TLSv1";
  readonly maxVersion?: "TLSv1.1";
}

/** One request on a connection of its own, its target sent byte for byte; only a refused connection rejects. */
export function ask(url: string, { body, ...options }: Asked = {}): Promise<Heard> {
  const [, scheme, host, port, path] = /^(https?):\/\/([^:/]+):(\d+)(.*)$/s.exec(url) ?? [];
  const send = scheme === "https" ? tlsRequest : plainRequest;
  return new Promise((resolve, reject) => {
    let answered = false;
    const request = send({ host, port, path: path || "/", agent: false, ...options }, (response) => {
      answered = true;
      const chunks: Buffer[] = [];
      const done = (broke: boolean) => {
        const whole = Buffer.concat(chunks);
        const { statusCode: status = 0, headers } = response;
        resolve({ status, headers, text: whole.toString("utf8"), body: whole, broke });
      };
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () => done(!response.complete)).on("error", () => done(true));
    });
    // A connection that breaks in the middle of an answer is told here too; the answer itself says so as well.
    request.on("error", (error) => answered || reject(error)).end(body);
  });
}

/** The bytes of a whole answer, head and all, as they come from the socket. */
export async function askRaw(url: string): Promise<{ head: string[]; body: Buffer }> {
  const { port, pathname, search } = new URL(url);
  const socket = connect(Number(port), "127.0.0.1");
  socket.end(`GET ${pathname}${search} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  const answer = Buffer.concat(chunks);
  const end = answer.indexOf("\r\n\r\n");
  return { head: answer.toString("latin1", 0, end).split("\r\n"), body: answer.subarray(end + 4) };
}

export function basic({ settings }: TimSandbox, password = settings.login.password): Record<string, string> {
  const pair = Buffer.from(`${settings.login.username}:${password}`, "utf8").toString("base64");
  return { authorization: `Basic ${pair}` };
}

let salts = 638_000_000_000_000_000n;

/** The request for a token as the vendor's page means it. */
export function voiceTarget(
  call: Pick<Call, "datasource" | "voicefilename" | "voicelocation">,
  extension = "wav",
): string {
  salts += 1n;
  const { datasource, voicefilename, voicelocation } = call;
  const [ds, id, vl] = [datasource, voicefilename, voicelocation].map(encodeURIComponent);
  return `/voice.${extension}?cmd=getvmsg&datasource=${ds}&recordingid=${id}&voicelocation=${vl}&salt=${salts}`;
}

/** Asks for a token with the right password. */
export function askToken(tim: TimSandbox, call: Call = tim.recordings()[0]!, extension = "wav"): Promise<Heard> {
  return ask(tim.timUrl + voiceTarget(call, extension), { headers: basic(tim) });
}

export async function tokenUrl(tim: TimSandbox, call?: Call, extension?: string): Promise<string> {
  const { status, text } = await askToken(tim, call, extension);
  if (status !== 200) throw new Error(`no token: ${status} ${text}`);
  return text;
}

/** A small table of short calls, unless told otherwise. */
export function openSmallTim(options: TimSandboxOptions = {}): Promise<TimSandbox> {
  return openTimSandbox({ data: { rows: 20, seconds: [1, 2] }, ...options });
}

export function sha256(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}
