import { request as httpRequest, type RequestOptions } from "node:http";
import { request as httpsRequest } from "node:https";
import type { Socket } from "node:net";
import { connect } from "node:tls";
import { proxyLogin } from "../../http/proxy.ts";

/** How the server is reached. */
export interface ProbeRoute {
  readonly timeoutMs: number;
  /** URL of the proxy to go through, with its login where it asks for one. */
  readonly proxy?: string;
}

/**
 * The TLS version that a server and this machine agree on, old ones included; undefined when no secure connection comes
 * about. Nothing is sent to the server, so the certificate is not looked at here.
 */
export async function tlsVersion(
  url: URL,
  { timeoutMs, proxy }: ProbeRoute,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (signal.aborted) return undefined;
  const within = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const port = Number(url.port || 443);
  try {
    const tunnel =
      proxy === undefined ? undefined : await openTunnel(`${url.hostname}:${port}`, new URL(proxy), within);
    return await versionAt(host, tunnel === undefined ? { port } : { socket: tunnel }, within);
  } catch {
    return undefined;
  }
}

function versionAt(
  host: string,
  way: { readonly port: number } | { readonly socket: Socket },
  signal: AbortSignal,
): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({
      host,
      ...way,
      ...(/^[\d.]+$|:/.test(host) ? {} : { servername: host }),
      rejectUnauthorized: false,
      minVersion: "TLSv1",
      ciphers: "DEFAULT@SECLEVEL=0",
    });
    const end = (version?: string) => {
      signal.removeEventListener("abort", onAbort);
      socket.destroy();
      resolve(version);
    };
    const onAbort = () => end();
    signal.addEventListener("abort", onAbort, { once: true });
    if (signal.aborted) return end();
    socket.once("secureConnect", () => end(socket.getProtocol() ?? undefined));
    socket.once("error", () => end());
    socket.once("close", () => end());
  });
}

/** A connection to `target` through a proxy (HTTP CONNECT). Its own certificate is not looked at either: only TLS versions are asked for. */
function openTunnel(target: string, proxy: URL, signal: AbortSignal): Promise<Socket> {
  const login = proxyLogin(proxy);
  const options: RequestOptions = {
    method: "CONNECT",
    path: target,
    headers: {
      host: target,
      ...(login === undefined ? {} : { "proxy-authorization": login }),
    },
    agent: false,
    signal,
  };
  return new Promise((resolve, reject) => {
    const request =
      proxy.protocol === "https:"
        ? httpsRequest(proxy.origin, { ...options, rejectUnauthorized: false })
        : httpRequest(proxy.origin, options);
    request.once("connect", ({ statusCode }, socket) => {
      if (statusCode === 200) return resolve(socket);
      socket.destroy();
      reject(new Error(`The proxy answers ${statusCode}.`));
    });
    // Another answer than to a CONNECT is none.
    request.once("response", (response) => {
      response.destroy();
      reject(new Error("The proxy opens no tunnel."));
    });
    request.once("error", reject);
    request.end();
  });
}
