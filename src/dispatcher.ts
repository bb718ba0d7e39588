import type { Agent, buildConnector, Dispatcher } from "undici";
import type { AddressGuard } from "./address-guard.ts";
import type { HttpSettings } from "./http.ts";
import { proxyFor, proxyLogin } from "./proxy.ts";
import { openAgent, openProxyAgent } from "./undici.ts";

/** The ways of one client to its hosts, straight or through proxies. */
export interface Route {
  dispatch(options: Dispatcher.DispatchOptions & { headers: string[] }, handler: Dispatcher.DispatchHandler): void;
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
