import { RecordingError } from "../../core/model/errors.ts";
import type { Link, RecordingRef } from "../../core/model/recording.ts";
import type { Login } from "./auth/login.ts";
import { basicAuthorization } from "./auth/schemes.ts";
import { idsOf } from "./calls-table.ts";
import { type Asked, refusedToken } from "./classify-failure.ts";
import { authorityOf, isAtHost, rewriteEcho } from "./echo-rewrite.ts";
import { readableOnTheWire, type Tim, type TimContext } from "./settings.ts";
import { urlInAnswer } from "./token-url.ts";

/** A link with the Echo host as TIM named it. */
export interface TimLink {
  readonly link: Link;
  readonly echoHost: string;
  /** TIM's host and the page that gave the link, as a witness is named. */
  readonly page: string;
}

/** A token URL works for a minute. */
const lifeMs = 60_000;
const triesForYoungLink = 3;

/** Takes the links of one TIM. */
export type TakeLink = (ref: RecordingRef, signal: AbortSignal) => Promise<TimLink>;

/** Links by token requests; an answer that took too long is thrown away and asked for again. */
export function openLinks(tim: Tim, login: Login, context: Pick<TimContext, "clock">): TakeLink {
  const { clock } = context;
  // The vendor documents one address only: that any other one exists must be seen before its 404 means a recording.
  let addressKnown = tim.settings.format === "wav" && tim.settings.urlTemplate === undefined;

  const page = pageOf(tim);

  async function ask(ref: RecordingRef, signal: AbortSignal): Promise<TimLink> {
    const ids = idsOf(ref);
    let askedMs = 0;
    const url = () => {
      askedMs = clock.now();
      return tim.tokenUrl(ids, askedMs);
    };
    const { answer, takenAt, loggedIn } = await login.get(url, signal);
    const where: Asked = {
      recording: ref.key,
      base: tim.base,
      addressKnown: addressKnown && loggedIn,
      by: page,
      text: answer.body.subarray(0, 200).toString("latin1"),
    };
    const refusal = refusedToken(answer, where, clock.now());
    if (refusal !== undefined) throw refusal;
    const named = urlInAnswer(answer, answer.body, ref.key, page);
    addressKnown = true;
    return { link: linkTo(named, takenAt, askedMs, tim), echoHost: authorityOf(named), page };
  }

  return async (ref, signal) => {
    for (let tries = 0; tries < triesForYoungLink; tries += 1) {
      const taken = await ask(ref, signal);
      if (clock.monotonic() - taken.link.takenAt <= tim.linkMaxAgeMs) return taken;
    }
    throw new RecordingError(
      "timeout",
      `TIM takes longer than ${Math.round(tim.linkMaxAgeMs / 1000)} s to answer a token request, and by then its addresses are too old; fewer --transfers may help.`,
    );
  };
}

/** Host and path of token requests, without any recording's ids. */
function pageOf({ tokenUrl }: Tim): string {
  const { host, pathname } = new URL(tokenUrl({ datasource: "", voicelocation: "", voicefilename: "" }, 0));
  return host + pathname;
}

function linkTo(named: string, takenAt: number, askedMs: number, tim: Tim): Link {
  const url = rewriteEcho(named, tim.echoRewrite);
  return {
    url,
    headers: tim.settings.echoAuth ? { authorization: echoLogin(named, url, tim) } : {},
    resumable: tim.settings.resumable ?? false,
    takenAt,
    staleAfterMs: tim.linkMaxAgeMs,
    expiresAtMs: askedMs + lifeMs,
  };
}

/**
 * The login for Echo, only where its host is TIM's own, reached as safely as TIM, or was named by the user: an answer must
 * not choose who gets it.
 */
export function echoLogin(named: string, url: string, { base, settings, echoRewrite }: Tim): string {
  const own = new URL(named).hostname === base.hostname;
  const isConfirmed = echoRewrite.some(({ to }) => isAtHost(url, to));
  const host = authorityOf(named);
  if (own && !isConfirmed && base.protocol === "https:" && readableOnTheWire(new URL(url))) {
    throw new RecordingError(
      "foreign-host",
      `TIM is reached over https, but names Echo (${host}) over plain http, where the login could be read on the network; confirm it with --echo-rewrite ${host}=${host}, or go without --echo-auth.`,
      { verdict: "stop" },
    );
  }
  if (!own && !isConfirmed) {
    throw new RecordingError(
      "foreign-host",
      `TIM names ${host} as Echo, which is not its own host, so it must not get the login by itself; confirm it with --echo-rewrite ${host}=${host}.`,
      { verdict: "stop" },
    );
  }
  return basicAuthorization(settings.user, settings.password);
}
