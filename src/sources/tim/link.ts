import { RecordingError } from "../../core/errors.ts";
import type { Link, RecordingRef } from "../../core/recording.ts";
import { urlInAnswer } from "./answer.ts";
import { authorityOf, rewriteEcho } from "./echo-host.ts";
import { basicAuthorization } from "./login/basic.ts";
import type { Login } from "./login/index.ts";
import { refusedToken } from "./refused-token.ts";
import { idsOf } from "./rows.ts";
import type { Tim, TimContext } from "./settings.ts";

/** A link with the Echo host as TIM named it. */
export interface TimLink {
  readonly link: Link;
  readonly echoHost: string;
}

/** A token URL works for a minute. */
const lifeMs = 60_000;
const triesForYoungLink = 3;

/** Asks TIM for the token URL of one recording; an answer that took too long is thrown away and asked for again. */
export async function takeLink(
  ref: RecordingRef,
  tim: Tim,
  login: Login,
  context: Pick<TimContext, "clock">,
  signal: AbortSignal,
): Promise<TimLink> {
  const { clock } = context;
  const ids = idsOf(ref);
  for (let tries = 0; tries < triesForYoungLink; tries += 1) {
    let askedMs = 0;
    const url = () => {
      askedMs = clock.now();
      return tim.tokenUrl(ids, askedMs);
    };
    const { answer, takenAt } = await login.get(url, signal);
    const refusal = refusedToken(answer, ref.key, tim.base, clock.now());
    if (refusal !== undefined) throw refusal;
    const named = urlInAnswer(answer, answer.body, ref.key);
    if (clock.monotonic() - takenAt > tim.linkMaxAgeMs) continue;
    return { link: linkTo(named, takenAt, askedMs, tim), echoHost: authorityOf(named) };
  }
  throw new RecordingError(
    "timeout",
    `TIM takes longer than ${Math.round(tim.linkMaxAgeMs / 1000)} s to answer a token request, and its addresses are too old by then; fewer --transfers may help it.`,
  );
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

/** The login for Echo, only where its host is TIM's own or was named by the user: an answer must not choose who gets it. */
function echoLogin(named: string, url: string, { base, settings, echoRewrite }: Tim): string {
  const own = new URL(named).hostname === base.hostname;
  if (!own && !echoRewrite.some(({ to }) => to.toLowerCase() === authorityOf(url))) {
    const host = authorityOf(named);
    throw new RecordingError(
      "foreign-host",
      `TIM names ${host} as Echo, which is not its own host, so it must not get the login by itself; confirm it with --echo-rewrite ${host}=${host}.`,
      { verdict: "stop" },
    );
  }
  return basicAuthorization(settings.user, settings.password);
}
