import { subscribe } from "node:diagnostics_channel";
import type { Socket } from "node:net";
import { RecordingError } from "../core/model/errors.ts";

const socketCodes: Readonly<Record<string, ["unreachable" | "timeout" | "reset" | "wrong-length", string]>> = {
  ENOTFOUND: ["unreachable", "host name not found"],
  EAI_AGAIN: ["unreachable", "name lookup failed"],
  ECONNREFUSED: ["unreachable", "connection refused"],
  EHOSTUNREACH: ["unreachable", "no route to host"],
  ENETUNREACH: ["unreachable", "network unreachable"],
  ETIMEDOUT: ["timeout", "timed out"],
  UND_ERR_CONNECT_TIMEOUT: ["unreachable", "connecting timed out"],
  UND_ERR_HEADERS_TIMEOUT: ["timeout", "no answer in time"],
  UND_ERR_BODY_TIMEOUT: ["timeout", "the answer stalled"],
  UND_ERR_SOCKET: ["reset", "connection broke"],
  ECONNRESET: ["reset", "connection reset"],
  EPIPE: ["reset", "connection broke"],
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: ["wrong-length", "the body does not have the announced length"],
};

/** What undici or the socket says, as one of our errors that names the host. */
export function socketError(
  error: Error & { code?: string; cause?: unknown },
  host: string,
  { unsent = false } = {},
): RecordingError {
  if (error instanceof RecordingError) return error;
  const details = { unsent, cause: error };
  const said: unknown = error.code ?? (error.cause as { code?: unknown } | undefined)?.code;
  // An abort's DOMException has a number there.
  const code = typeof said === "string" ? said : "";
  const refusedTunnel = /^Proxy response \((\d{3})\)/.exec(error.message)?.[1];
  if (refusedTunnel === "407") return wantsLogin(host);
  if (refusedTunnel !== undefined) {
    const message = `${host}: the proxy refused the connection (${refusedTunnel}). Allow it in the proxy, or add the host to NO_PROXY.`;
    return new RecordingError("unreachable", message, details);
  }
  const known = socketCodes[code];
  if (known !== undefined) return new RecordingError(known[0], `${host}: ${known[1]}.`, details);
  if (/CERT|TLS|SSL|SELF_SIGNED|ALTNAME|UNABLE_TO/i.test(code)) {
    return new RecordingError(
      "tls",
      `${host}: the secure connection failed (${code}). For a private certificate authority give --ca-file; an old server may need --tls-min-version.`,
      details,
    );
  }
  if (error.name === "HTTPParserError") {
    return new RecordingError("bad-answer", `${host}: the answer is not valid HTTP.`, {
      ...details,
      verdict: "retry",
    });
  }
  return new RecordingError("reset", `${host}: ${code || "connection failed"}.`, details);
}

/** A proxy's 407. */
export function wantsLogin(proxy: string): RecordingError {
  return new RecordingError(
    "login-refused",
    `${proxy}: the proxy needs a different login (407): write user and password before its host in HTTP_PROXY or HTTPS_PROXY, with %XX for special characters.`,
    { unsent: true },
  );
}

let broken = false;
let watching = false;

/**
 * Whether what just came was the error of a connection. undici takes a reset for the proper end of a body without an
 * announced length; asked within `onResponseEnd`, this tells the two apart.
 */
export function isBrokenEnd(): boolean {
  return broken;
}

/** Watches every connection that undici makes from now on in this thread. */
export function watchForBrokenEnds(): void {
  if (watching) return;
  watching = true;
  subscribe("undici:client:connected", (message) => {
    const { socket } = message as { readonly socket: Socket };
    // First of all listeners: undici's own ends the answer within the same emit.
    socket.prependListener("error", () => {
      broken = true;
      queueMicrotask(() => {
        broken = false;
      });
    });
  });
}
