import { RecordingError } from "../core/model/errors.ts";
import type { Line, OpenLine } from "../core/model/ports.ts";
import { openAddressGuard } from "./address-guard.ts";
import type { HttpSettings } from "./client.ts";
import { openDispatcher } from "./dispatcher.ts";
import { socketError } from "./socket-error.ts";

/** Opens WebSockets the way a source's hosts are reached: the same proxies, authorities and addresses as its requests. */
export function openWebSockets(settings: HttpSettings): { readonly open: OpenLine } & AsyncDisposable {
  const guard = settings.addresses === undefined ? undefined : openAddressGuard(settings.addresses);
  const route = openDispatcher(settings, guard);
  const open: OpenLine = async (url, heard, signal) => {
    // Loaded only where it is asked for: with it comes the whole package.
    const { WebSocket } = await import("undici");
    const target = new URL(url);
    const { host } = target;
    target.protocol = target.protocol.replace("ws", "http");
    await guard?.check(target.hostname);
    signal.throwIfAborted();
    const socket = new WebSocket(url, { dispatcher: route.dispatcherTo(target.origin) });
    return await new Promise<Line>((resolve, reject) => {
      let failure: unknown;
      const cut = () => socket.close();
      const ended = new Promise<RecordingError>((end) => {
        socket.addEventListener("close", ({ code }) => {
          signal.removeEventListener("abort", cut);
          const error = reasonOf(failure, host, code);
          reject(signal.aborted ? signal.reason : error);
          end(error);
        });
      });
      socket.addEventListener("error", ({ error }) => {
        failure ??= error;
      });
      socket.addEventListener("message", ({ data }) => {
        if (typeof data === "string") heard(data);
      });
      socket.addEventListener("open", () => resolve({ send: (text) => socket.send(text), close: cut, ended }));
      signal.addEventListener("abort", cut, { once: true });
    });
  };
  return { open, [Symbol.asyncDispose]: () => route.destroy() };
}

/** Never with the address, whose query is a token. */
function reasonOf(failure: unknown, host: string, code: number): RecordingError {
  const cause = failure instanceof Error ? ((failure.cause ?? failure) as Error & { code?: string }) : undefined;
  if (cause !== undefined && "code" in cause) return socketError(cause, host);
  return new RecordingError("reset", `${host}: the connection for events ended (${code}).`, { verdict: "retry" });
}
