import { createRequire } from "node:module";
import type { Agent, Dispatcher, ProxyAgent } from "undici";

const require = createRequire(import.meta.url);

/** A client that goes straight to each host. */
export function openAgent(options: Agent.Options): Dispatcher {
  return new (agent())(options);
}

/** A client that goes through tunnels of one proxy, which must open each within the time to connect. */
export function openProxyAgent({
  connectTimeoutMs,
  ...options
}: ProxyAgent.Options & { readonly connectTimeoutMs: number }): Dispatcher {
  const { Pool, ProxyAgent } = whole();
  const clientFactory = (origin: URL, more: object) =>
    new Pool(origin, { ...more, headersTimeout: connectTimeoutMs, bodyTimeout: connectTimeoutMs });
  return new ProxyAgent({ ...options, clientFactory });
}

/**
 * The whole package brings fetch, WebSockets and caches too, which cost every thread 40 ms and 6 MB: the agent's own
 * file is enough. Should a version keep it elsewhere, it is taken from the whole.
 */
export function agent(): typeof Agent {
  try {
    return require("undici/lib/dispatcher/agent.js") as typeof Agent;
  } catch {
    return whole().Agent;
  }
}

function whole(): typeof import("undici") {
  return require("undici") as typeof import("undici");
}
