import type { Sandbox } from "../context.ts";
import { ApiError, errorAnswer } from "../errors.ts";
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
      const message = "Service is temporarily unavailable";
      return { ...errorAnswer(new ApiError(500, "CMN-201", message), sandbox.settings), status: 200 };
    }
    case "html":
      return { status: 200, headers: { "Content-Type": "text/html" }, body: Buffer.from(captivePortal) };
    case "redirect": {
      const to = fault.to ?? `${sandbox.urls.foreign}/recording/${id ?? ""}`;
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
  if (fault.code === undefined) {
    const html = `<html><head><title>${fault.status}</title></head><body>nginx</body></html>`;
    return { status: fault.status, headers: { ...headers, "Content-Type": "text/html" }, body: Buffer.from(html) };
  }
  const error = new ApiError(fault.status, fault.code, fault.message ?? "The sandbox was told to fail", { headers });
  return errorAnswer(error, sandbox.settings);
}

const captivePortal =
  "<!doctype html><html><head><title>Welcome to Airport Wi-Fi</title></head><body>Please log in.</body></html>";
