import { createRequire } from "node:module";
import type { Agent, Dispatcher, EnvHttpProxyAgent } from "undici";

const require = createRequire(import.meta.url);

/** A client that goes straight to each host. */
export function openAgent(options: Agent.Options): Dispatcher {
  return new (agent())(options);
}

/** A client that goes through the proxies that it is told. */
export function openProxyAgent(options: EnvHttpProxyAgent.Options): Dispatcher {
  return new (whole().EnvHttpProxyAgent)(options);
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
