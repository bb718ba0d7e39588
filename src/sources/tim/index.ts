import { RecordingError } from "../../core/model/errors.ts";
import type { Check, Source } from "../../core/model/ports.ts";
import type { RecordingRef } from "../../core/model/recording.ts";
import { openLogin } from "./auth/login.ts";
import { findRecordings, refOf } from "./calls-table.ts";
import { checkLogin, checkTim } from "./check.ts";
import { classifyTransfer, type UsedLink } from "./classify-failure.ts";
import { openLinks, type TimLink } from "./link.ts";
import { idsOfPath } from "./recording-key.ts";
import { checkSettings, readableOnTheWire, type Tim, type TimContext, type TimSettings } from "./settings.ts";

export type { TimContext, TimSettings } from "./settings.ts";

/**
 * TIM Enterprise: rows of its `calls` table are the list, and each link is a token URL asked for just before its use.
 * Checks the settings (`usage`) and sends nothing until the first link. The login goes to `url` and nowhere else.
 */
export function openTim(settings: TimSettings, context: TimContext): Source {
  const tim = checkSettings(settings, context.random);
  const login = openLogin(tim, context);
  const askLink = openLinks(tim, login, context);
  const warn = warnOnce(tim, context);
  const used = new WeakMap<RecordingRef, UsedLink>();
  const beforeLink = new WeakSet<RecordingError>();

  async function take(ref: RecordingRef, signal: AbortSignal): Promise<TimLink> {
    warn();
    try {
      const taken = await askLink(ref, signal);
      used.set(ref, { echoHost: taken.echoHost, page: taken.page, ageMs: undefined });
      return taken;
    } catch (thrown) {
      if (!(thrown instanceof RecordingError)) throw thrown;
      const error = atTim(thrown, tim);
      beforeLink.add(error);
      throw error;
    }
  }

  function classifyFailure(error: RecordingError, ref: RecordingRef, renewals: number): RecordingError {
    return beforeLink.has(error) ? error : classifyTransfer(error, ref, renewals, used.get(ref), context.clock.now());
  }

  return {
    name: "tim",
    recordings: findRecordings,
    named(text) {
      const ids = idsOfPath(text);
      return ids === undefined ? undefined : refOf(ids, {});
    },
    async link(ref, _failed, signal) {
      const { link, echoHost, page } = await take(ref, signal);
      return {
        ...link,
        answered: () => used.set(ref, { echoHost, page, ageMs: context.clock.monotonic() - link.takenAt }),
      };
    },
    classifyFailure,
    addressesOf(ref) {
      const link = used.get(ref);
      return link === undefined ? [] : [link.page, link.echoHost];
    },
    check: (signal, sample) =>
      checkTim(
        {
          tim: sample === undefined ? tim : { ...tim, settings: { ...settings, sample } },
          login,
          context,
          take,
          classifyFailure: (error, ref) => classifyFailure(error, ref, 1),
        },
        signal,
      ),
    async [Symbol.asyncDispose]() {},
  };
}

/** Whether TIM takes the login, by one request (two with Digest or an unknown scheme). Throws `usage` for wrong settings only. */
export async function testTimLogin(settings: TimSettings, context: TimContext, signal: AbortSignal): Promise<Check> {
  const tim = checkSettings(settings, context.random);
  return checkLogin({ tim, login: openLogin(tim, context), context }, signal);
}

function warnOnce({ base, settings }: Tim, { report }: TimContext): () => void {
  let warned = !readableOnTheWire(base);
  return () => {
    if (warned) return;
    warned = true;
    const what = settings.auth === "digest" ? "recordings" : "login and recordings";
    const message = `TIM is reached over plain http (${base.host}): whoever listens on the way can read ${what}. Use https in --tim-url, if TIM offers it.`;
    report({ event: "notice", level: "warning", message });
  };
}

/** An error of the way to TIM, with the setting that may be wrong; a failing certificate fails every recording. */
function atTim(error: RecordingError, { base }: Tim): RecordingError {
  if (error.head !== undefined) return error;
  if (error.code === "unreachable") {
    const message = `TIM cannot be reached. ${error.message} Check --tim-url (${base.origin}) and the network.`;
    return new RecordingError("unreachable", message, { cause: error });
  }
  if (error.code === "tls") return new RecordingError("tls", error.message, { verdict: "stop", cause: error });
  return error;
}
