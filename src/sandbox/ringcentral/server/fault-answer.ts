import type { Sandbox } from "../context.ts";
import { ApiError, emptyPage, errorAnswer, gatewayPage } from "../errors.ts";
import { partial } from "../recordings/content.ts";
import type { Answer } from "./answer.ts";
import type { RingCentralFault } from "./fault.ts";

/** What is answered under a fault: something else than the right answer, or the right answer that is sent badly. */
export function faultAnswer(
  sandbox: Sandbox,
  fault: RingCentralFault,
  right: () => Answer,
  id: string | undefined,
): Answer {
  switch (fault.kind) {
    case "status":
      return statusAnswer(sandbox, fault);
    case "empty":
      return { ...right(), json: undefined, body: Buffer.alloc(0) };
    case "json": {
      const { code = "CMN-201" } = fault;
      const message = code.startsWith("CMN-3") ? "Request rate exceeded" : "Service is temporarily unavailable";
      return { ...errorAnswer(new ApiError(500, code, message), sandbox.settings), status: 200 };
    }
    case "html":
      return { status: 200, headers: { "Content-Type": "text/html" }, body: Buffer.from(captivePortal) };
    case "redirect": {
      const refusal = fault.storage === undefined ? "" : `?status=${fault.storage}`;
      const to = fault.to ?? `${sandbox.urls.foreign}/recording/${id ?? ""}${refusal}`;
      return { status: fault.status ?? 302, headers: { Location: to }, body: Buffer.alloc(0) };
    }
    case "partial": {
      const { body = Buffer.alloc(0), headers = {}, status } = right();
      if (status !== 200) return { status, headers, body };
      return partial(body, { first: 0, last: Math.min(body.length, fault.bytes) - 1 }, { ...headers }, false);
    }
    case "hang":
      return { status: 0, fault };
    case "reset":
      return fault.afterBytes === undefined ? { status: 0, fault } : { ...right(), fault };
    default:
      return { ...right(), fault };
  }
}

function statusAnswer(sandbox: Sandbox, fault: Extract<RingCentralFault, { kind: "status" }>): Answer {
  const headers = fault.retryAfter === undefined ? {} : { "Retry-After": String(fault.retryAfter) };
  const { status, code, parameterName } = fault;
  if (code === undefined) {
    const { body, headers: type } = fault.empty ? emptyPage(status) : gatewayPage(status);
    return { status, headers: { ...headers, ...type }, body };
  }
  const named = parameterName === undefined ? undefined : `Resource for parameter [${parameterName}] is not found`;
  const message = fault.message ?? named ?? "The sandbox was told to fail";
  const fields = parameterName === undefined ? {} : { parameterName };
  return errorAnswer(new ApiError(status, code, message, { headers, fields }), sandbox.settings);
}

const captivePortal =
  "<!doctype html><html><head><title>Welcome to Airport Wi-Fi</title></head><body>Please log in.</body></html>";
