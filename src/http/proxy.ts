import { BlockList, isIP } from "node:net";
import { RecordingError } from "../core/model/errors.ts";
import { addNetwork, isListed } from "./networks.ts";

/** The proxies to go through, as whole URLs, and the hosts that are reached without, as `NO_PROXY` has them. */
export interface ProxySettings {
  readonly http?: string;
  readonly https?: string;
  readonly none?: string;
}

type Env = Readonly<Record<string, string | undefined>>;

/** The proxy variables' settings; throws `usage`, naming the variable and never its login, for what is no http proxy. */
export function proxyOf(env: Env): ProxySettings {
  const http = urlOf("HTTP_PROXY", env);
  const https = urlOf("HTTPS_PROXY", env);
  const none = env.no_proxy ?? env.NO_PROXY;
  return {
    ...(http === undefined ? {} : { http }),
    ...(https === undefined ? {} : { https }),
    ...(none ? { none } : {}),
  };
}

function urlOf(variable: string, env: Env): string | undefined {
  const text = (env[variable.toLowerCase()] ?? env[variable] ?? "").trim();
  if (text === "") return undefined;
  const whole = text.includes("://") ? text : `http://${text}`;
  const url = URL.canParse(whole) ? new URL(whole) : undefined;
  if (url !== undefined && /^https?:$/.test(url.protocol) && canDecode(url)) return url.href;
  const kind = /^socks/i.test(text) ? "a SOCKS proxy, which callreel does not support" : "not the address of a proxy";
  throw new RecordingError(
    "usage",
    `${variable} is ${kind}: it must look like http://HOST:PORT; user and password stand before the host, with %XX for special characters.`,
  );
}

function canDecode(url: URL): boolean {
  try {
    decodeURIComponent(url.username + url.password);
    return true;
  } catch {
    return false;
  }
}

/** The `Proxy-Authorization` for the login in a proxy's URL. */
export function proxyLogin(proxy: URL): string | undefined {
  if (proxy.username === "" && proxy.password === "") return undefined;
  const login = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`;
  return `Basic ${Buffer.from(login).toString("base64")}`;
}

/** The proxy that requests to `url` go through; undefined where they go straight. */
export function proxyFor(url: URL, { http, https, none = "" }: ProxySettings): string | undefined {
  const proxy = url.protocol === "https:" ? (https ?? http) : http;
  if (proxy === undefined || none.trim() === "*") return undefined;
  const port = url.port || (url.protocol === "https:" ? "443" : "80");
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const excepted = none.split(/[,\s]+/).filter((entry) => entry !== "");
  return excepted.some((entry) => isExcepted(host, port, entry)) ? undefined : proxy;
}

/** An entry is a name with all names below it, an address, a range of addresses, or one of them with a port. */
function isExcepted(host: string, port: string, entry: string): boolean {
  const [, name = entry, only] = /^(\[.+\]|[^:]+):(\d+)$/.exec(entry) ?? [];
  if (only !== undefined && only !== port) return false;
  const bare = name
    .replace(/^\*?\./, "")
    .replace(/^\[|\]$/g, "")
    .toLowerCase();
  if (isIP(host) !== 0) return isInRange(host, bare);
  return host === bare || host.endsWith(`.${bare}`);
}

function isInRange(address: string, range: string): boolean {
  const list = new BlockList();
  return addNetwork(list, range) && isListed(list, address);
}
