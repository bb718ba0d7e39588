import { takeFault } from "../../faults.ts";
import { apiVersions } from "../account/info.ts";
import type { Sandbox } from "../context.ts";
import { ApiError, errorAnswer, invalidUri, PageError, scopeMissing, unauthorized } from "../errors.ts";
import { authenticate } from "../oauth/gate.ts";
import type { Login } from "../oauth/sessions.ts";
import type { Answer } from "./answer.ts";
import { faultAnswer } from "./fault-answer.ts";
import { limit, tooMany } from "./limit.ts";
import { answerOAuth } from "./oauth-routes.ts";
import type { SandboxRequest } from "./request.ts";
import { type Route, routes } from "./routes.ts";

/** The answer to a request, and which route and recording it was about. */
export interface Routed {
  readonly answer: Answer;
  readonly headers: Record<string, string>;
  readonly route: string;
  readonly recording?: string | undefined;
}

/** Routes a request of the API or the media port: login, rate limit, fault, scope, handler; a refusal becomes JSON. */
export async function route(sandbox: Sandbox, host: "api" | "media", request: SandboxRequest): Promise<Routed> {
  if (host === "api") {
    const oauth = await answerOAuth(sandbox, request);
    if (oauth) return oauth;
    if (/^\/restapi(\/v1\.0)?\/?$/.test(request.path))
      return { answer: apiVersions(sandbox), headers: {}, route: "versions" };
  }
  const matches = routes.filter((each) => each.host === host && each.pattern.test(request.path));
  const [found] = matches;
  if (!found) return refusal(sandbox, invalidUri(), {}, "unknown");
  const mayHead = found.name === "content" && sandbox.settings.content.head === "allowed";
  if (request.method !== "GET" && !(request.method === "HEAD" && mayHead)) {
    return refusal(sandbox, new ApiError(405, "CMN-122", "Method not allowed"), { Allow: "GET" }, found.name);
  }
  return authorised(sandbox, host, request, found);
}

function authorised(sandbox: Sandbox, host: "api" | "media", request: SandboxRequest, found: Route): Routed {
  const { settings, sessions } = sandbox;
  const params = found.pattern.exec(request.path)?.groups ?? {};
  const recording = params.recording;
  let headers: Record<string, string> = {};
  try {
    const login = authenticate(sandbox, request, host);
    const group = found.group === "content" ? settings.limits.contentGroup : found.group;
    const ruling = limit(sandbox, `${login.user.extensionId} ${login.clientId}`, group);
    headers = ruling.headers;
    if (ruling.refused) throw ruling.refused;
    if (settings.limits.refuseDuplicates && isRunning(sandbox, login, request)) throw tooMany("CMN-304", 1);
    const fault = takeFault(
      settings.faults,
      found.name,
      recording ?? params.record ?? params.attachment ?? params.mailbox,
    );
    if (fault) sandbox.events.record({ kind: "fault", route: found.name, fault: fault.kind, recording });
    if (fault?.kind === "expire-token") {
      sessions.close(login);
      throw unauthorized("OAU-213", "Token not found");
    }
    const handle = () => {
      checkScope(settings.app.scopes, found.scope);
      return found.handle({ sandbox, request, params, login });
    };
    const answer = fault ? faultAnswer(sandbox, fault, handle, recording) : handle();
    return { answer, headers, route: found.name, recording };
  } catch (error) {
    if (error instanceof PageError) return { answer: error.answer, headers, route: found.name, recording };
    if (!(error instanceof ApiError)) throw error;
    return refusal(sandbox, error, error.status === 401 ? {} : headers, found.name);
  }
}

function refusal(sandbox: Sandbox, error: ApiError, headers: Record<string, string>, name: string): Routed {
  // A limit that is not the user's own (CMN-310) comes without the user's numbers.
  return {
    answer: errorAnswer(error, sandbox.settings),
    headers: error.code === "CMN-310" ? {} : headers,
    route: name,
  };
}

/** ReadCallRecording includes ReadCallLog. */
function checkScope(scopes: readonly string[], scope: string | undefined): void {
  if (
    scope === undefined ||
    scopes.includes(scope) ||
    (scope === "ReadCallLog" && scopes.includes("ReadCallRecording"))
  )
    return;
  throw scopeMissing(scope);
}

const running = new WeakMap<Sandbox, Map<SandboxRequest, string>>();

function isRunning(sandbox: Sandbox, login: Login, request: SandboxRequest): boolean {
  const now = running.get(sandbox) ?? new Map<SandboxRequest, string>();
  running.set(sandbox, now);
  const key = `${login.user.extensionId} ${request.target}`;
  const already = [...now.values()].includes(key);
  now.set(request, key);
  return already;
}

/** Forgets a request that has been answered. */
export function finished(sandbox: Sandbox, request: SandboxRequest): void {
  running.get(sandbox)?.delete(request);
}
