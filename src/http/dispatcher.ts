/*
 * Only undici's agent is loaded; the whole package, 40 ms and 6 MB more in every thread, only where a proxy is set or
 * that file is not where it was.
 */

import { createRequire } from "node:module";
import type { Agent, buildConnector, Dispatcher, ProxyAgent } from "undici";
import type { AddressGuard } from "./address-guard.ts";
import type { HttpSettings } from "./client.ts";
import { proxyFor, proxyLogin } from "./proxy.ts";

/** The ways of one client to its hosts, straight or through proxies. */
export interface Route {
  dispatch(options: Dispatcher.DispatchOptions & { headers: string[] }, handler: Dispatcher.DispatchHandler): void;
  /** What carries requests to an origin that an upgrade follows: in a tunnel where there is a proxy. */
  dispatcherTo(origin: string): Dispatcher;
  /** Host and port of the proxy on the way to an origin. */
  via(origin: string): string | undefined;
  destroy(): Promise<void>;
}

/** No timer runs for longer than 24.8 days. */
export function timerMs(ms: number): number {
  return Math.min(ms, 2 ** 31 - 1);
}

/** Opens the connections of one client; the guard sees each address that a host's name leads to. */
export function openDispatcher(settings: HttpSettings, guard: AddressGuard | undefined): Route {
  const tls = connectOptions(settings);
  const options: Agent.Options = {
    allowH2: false,
    connections: settings.connections,
    pipelining: 1,
    headersTimeout: timerMs(settings.timeoutMs),
    bodyTimeout: timerMs(settings.timeoutMs),
    maxHeaderSize: 64 * 1024,
    connect: guard === undefined ? tls : { ...tls, lookup: guard.lookup },
  };
  const { proxy } = settings;
  if (proxy?.http === undefined && proxy?.https === undefined) {
    const agent = openAgent(options);
    return {
      dispatch: (request, handler) => void agent.dispatch(request, handler),
      dispatcherTo: () => agent,
      via: () => undefined,
      destroy: () => agent.destroy(),
    };
  }
  return openRoutes(settings, options, tls);
}

function connectOptions(settings: HttpSettings): buildConnector.BuildOptions {
  return {
    timeout: settings.connectTimeoutMs,
    ...(settings.ca === undefined ? {} : { ca: settings.ca }),
    ...(settings.insecure ? { rejectUnauthorized: false } : {}),
    ...(settings.minTlsVersion === undefined ? {} : { minVersion: settings.minTlsVersion }),
    // Node's OpenSSL refuses TLS 1.0 and 1.1 at its default security level; asking for them is asking for level 0.
    ...(settings.minTlsVersion === "TLSv1" || settings.minTlsVersion === "TLSv1.1"
      ? { ciphers: "DEFAULT@SECLEVEL=0" }
      : {}),
  };
}

/** Plain http is asked of the proxy by the whole address, for many open no tunnels but to 443; https goes through a tunnel. */
function openRoutes(settings: HttpSettings, options: Agent.Options, tls: buildConnector.BuildOptions): Route {
  const straight = openAgent(options);
  const toProxies = openAgent({ ...options, connect: tls });
  const tunnels = new Map<string, Dispatcher>();
  const ways = new Map<string, URL | undefined>();

  function proxyOf(origin: string): URL | undefined {
    if (!ways.has(origin)) {
      const proxy = proxyFor(new URL(origin), settings.proxy ?? {});
      ways.set(origin, proxy === undefined ? undefined : new URL(proxy));
    }
    return ways.get(origin);
  }

  function tunnelOf(proxy: URL): Dispatcher {
    let tunnel = tunnels.get(proxy.href);
    if (tunnel === undefined) {
      const token = proxyLogin(proxy);
      tunnel = openProxyAgent({
        ...options,
        uri: proxy.origin,
        ...(token === undefined ? {} : { token }),
        connectTimeoutMs: settings.connectTimeoutMs,
        proxyTls: tls,
        requestTls: tls,
      });
      tunnels.set(proxy.href, tunnel);
    }
    return tunnel;
  }

  return {
    dispatch(request, handler) {
      const origin = String(request.origin);
      const proxy = proxyOf(origin);
      if (proxy === undefined) straight.dispatch(request, handler);
      else if (origin.startsWith("https:")) tunnelOf(proxy).dispatch(request, handler);
      else toProxies.dispatch(forwarded(request, origin, proxy), handler);
    },
    dispatcherTo(origin) {
      const proxy = proxyOf(origin);
      return proxy === undefined ? straight : tunnelOf(proxy);
    },
    via: (origin) => proxyOf(origin)?.host,
    async destroy() {
      await Promise.all([straight, toProxies, ...tunnels.values()].map((each) => each.destroy()));
    },
  };
}

function forwarded(
  request: Parameters<Route["dispatch"]>[0],
  origin: string,
  proxy: URL,
): Parameters<Route["dispatch"]>[0] {
  const login = proxyLogin(proxy);
  const more = login === undefined ? [] : ["proxy-authorization", login];
  const headers = [...request.headers, "host", new URL(origin).host, ...more];
  return { ...request, origin: proxy.origin, path: origin + request.path, headers };
}

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
