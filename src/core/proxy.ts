/** The proxy variables' values, as `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` have them. */
export interface ProxySettings {
  readonly http?: string;
  readonly https?: string;
  readonly none?: string;
}

/** The proxy that requests to `url` go through; undefined where they go straight. As undici chooses. */
export function proxyFor(url: URL, { http, https, none = "" }: ProxySettings): string | undefined {
  const proxy = url.protocol === "https:" ? (https ?? http) : http;
  if (proxy === undefined || none === "*") return undefined;
  const port = url.port || (url.protocol === "https:" ? "443" : "80");
  const excepted = none.split(/[,\s]+/).filter((entry) => entry !== "");
  return excepted.some((entry) => isExcepted(url.hostname, port, entry)) ? undefined : proxy;
}

function isExcepted(host: string, port: string, entry: string): boolean {
  const [, name = entry, only] = /^(.+):(\d+)$/.exec(entry) ?? [];
  const bare = name.replace(/^\*?\./, "").toLowerCase();
  return (only === undefined || only === port) && (host === bare || host.endsWith(`.${bare}`));
}
