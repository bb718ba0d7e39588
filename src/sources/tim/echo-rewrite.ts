import { RecordingError } from "../../core/model/errors.ts";
import { printable } from "../../core/text.ts";

/** An Echo host as TIM names it (`host` or `host:port`), and how it is reached from here. */
export interface EchoRewrite {
  readonly from: string;
  readonly to: string;
}

const hostAndPort = /^(\[[0-9a-f:.]+\]|[^\s:/?#@[\]\\]+)(?::(\d{1,5}))?$/i;
const urlAuthority = /^(https?:\/\/)([^/?#]*)/i;

/** Throws `usage` unless both sides are hosts. */
export function checkRewrite({ from, to }: EchoRewrite): void {
  if (!hostAndPort.test(from) || !hostAndPort.test(to)) throw badRewrite(`${from}=${to}`);
}

/** Host and port of a URL, without a login: those that a request goes to, however the URL is spelled. */
export function authorityOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : "";
}

/** Whether the URL's host is the one that is meant: with its port, or whatever the port. */
export function isAtHost(url: string, host: string): boolean {
  if (!URL.canParse(url)) return false;
  const { hostname, port, protocol } = new URL(url);
  const whole = `${hostname}:${port || (protocol === "https:" ? 443 : 80)}`;
  return [whole, hostname].includes(host.toLowerCase());
}

/**
 * The URL with its host replaced by the first rewrite that fits; every other byte stays as it is. A FROM without a port
 * fits any port; a TO without one keeps the URL's.
 */
export function rewriteEcho(url: string, rewrites: readonly EchoRewrite[]): string {
  const parts = hostAndPort.exec(authorityOf(url));
  if (parts === null) return url;
  const port = parts[2];
  const rewrite = rewrites.find(({ from }) => isAtHost(url, from));
  if (rewrite === undefined) return url;
  const to = port === undefined || /:\d+$/.test(rewrite.to) ? rewrite.to : `${rewrite.to}:${port}`;
  return url.replace(urlAuthority, (_, scheme: string) => scheme + to);
}

function badRewrite(text: string): RecordingError {
  return new RecordingError(
    "usage",
    `--echo-rewrite ${printable(text).slice(0, 100)}: it must be FROM=TO, each a host or host:port.`,
  );
}
