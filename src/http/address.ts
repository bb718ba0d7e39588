interface Authority {
  readonly origin: string;
  readonly host: string;
}

export interface Target extends Authority {
  readonly path: string;
}

/** The few hosts of a run, read once each. */
const authorities = new Map<string, Authority>();

export const mostAuthorities = 100;

/** Path and query exactly as given: a signed URL must not be normalised, so the URL class only reads what comes before. */
export function splitUrl(text: string): Target {
  const hostAt = text.indexOf("//") + 2;
  const length = text.slice(hostAt).search(/[/?#]/);
  const cut = length === -1 ? text.length : hostAt + length;
  const tail = text.slice(cut).split("#", 1)[0] ?? "";
  return { ...authorityOf(text.slice(0, cut)), path: tail.startsWith("/") ? tail : `/${tail}` };
}

function authorityOf(text: string): Authority {
  const known = authorities.get(text);
  if (known !== undefined) return known;
  const { origin, host } = new URL(text);
  if (authorities.size >= mostAuthorities) authorities.clear();
  authorities.set(text, { origin, host });
  return { origin, host };
}

/** What may be shown of a URL: neither login nor query. */
export function shownUrl(text: string): string {
  const { protocol, host, pathname } = new URL(text);
  return `${protocol}//${host}${pathname}`;
}
