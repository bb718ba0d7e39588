import { connect } from "node:tls";

/**
 * The TLS version that a server and this machine agree on, old ones included; undefined when no secure connection comes
 * about. Nothing is sent, so the certificate is not looked at here.
 */
export async function tlsVersion(url: URL, timeoutMs: number, signal: AbortSignal): Promise<string | undefined> {
  if (signal.aborted) return undefined;
  const host = url.hostname.replace(/^\[|\]$/g, "");
  return new Promise((resolve) => {
    const socket = connect({
      host,
      port: Number(url.port || 443),
      ...(/^[\d.]+$|:/.test(host) ? {} : { servername: host }),
      rejectUnauthorized: false,
      minVersion: "TLSv1",
      ciphers: "DEFAULT@SECLEVEL=0",
      timeout: timeoutMs,
    });
    const end = (version?: string) => {
      signal.removeEventListener("abort", onAbort);
      socket.destroy();
      resolve(version);
    };
    const onAbort = () => end();
    signal.addEventListener("abort", onAbort, { once: true });
    socket.once("secureConnect", () => end(socket.getProtocol() ?? undefined));
    socket.once("error", () => end());
    socket.once("timeout", () => end());
  });
}
