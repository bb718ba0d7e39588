import type { Answer } from "./server/answer.ts";
import type { RingCentralSettings } from "./settings.ts";

/** A refused request: thrown by handlers and turned into RingCentral's JSON by `errorAnswer`. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly category: string;
  readonly fields: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    code: string,
    message: string,
    more: { category?: string; fields?: Record<string, string>; headers?: Record<string, string> } = {},
  ) {
    super(message);
    this.status = status;
    this.code = code;
    this.category = more.category ?? code;
    this.fields = more.fields ?? {};
    this.headers = more.headers ?? {};
  }
}

/** 400 for a parameter's bad value. */
export function badParameter(parameterName: string, parameterValue: string): ApiError {
  const message = `Parameter [${parameterName}] value is invalid`;
  return new ApiError(400, "CMN-101", message, {
    category: "InvalidParameter",
    fields: { parameterName, parameterValue },
  });
}

/** 404 for a resource that a path parameter names. */
export function notFound(parameterName: string): ApiError {
  const message = `Resource for parameter [${parameterName}] is not found`;
  return new ApiError(404, "CMN-102", message, { category: "InvalidParameter", fields: { parameterName } });
}

/** How a recording that is not there is told: RingCentral's error about one parameter, or what stands before it answers. */
export type MissingShape = "recordingId" | "callRecordingId" | "accountId" | "html" | "empty";

/** A 404 that is not RingCentral's own word. */
export class PageError extends Error {
  readonly answer: Answer;

  constructor(answer: Answer) {
    super(`a page with status ${answer.status}`);
    this.answer = answer;
  }
}

/** 404 for a recording, in the shape that the settings ask for. */
export function missingRecording(shape: MissingShape): ApiError | PageError {
  if (shape === "html") return new PageError(gatewayPage(404));
  if (shape === "empty") return new PageError(emptyPage(404));
  return notFound(shape);
}

/** What a gateway answers in RingCentral's place. */
export function gatewayPage(status: number): Answer & { readonly body: Buffer } {
  const html = `<html><head><title>${status}</title></head><body>nginx</body></html>`;
  return { status, headers: { "Content-Type": "text/html" }, body: Buffer.from(html) };
}

/** A status alone. */
export function emptyPage(status: number): Answer & { readonly body: Buffer } {
  return { status, body: Buffer.alloc(0) };
}

/** 404 for a path that is not part of the API. */
export function invalidUri(): ApiError {
  return new ApiError(404, "CMN-120", "Invalid URI");
}

/** 404 of the gateway, for an API that the account does not have. */
export function unknownToGateway(): ApiError {
  return new ApiError(404, "AGW-404", "Resource not found");
}

/** 403 for an app without a scope. */
export function scopeMissing(permissionName: string): ApiError {
  const message = `In order to call this API endpoint, application needs to have [${permissionName}] permission`;
  return new ApiError(403, "CMN-401", message, { category: "InsufficientPermissions", fields: { permissionName } });
}

/** 403 for a user without a role's permission. */
export function roleMissing(permissionName: string): ApiError {
  const message = `In order to call this API endpoint, user needs to have [${permissionName}] permission for requested resource.`;
  return new ApiError(403, "CMN-408", message, { fields: { permissionName } });
}

/** 401 with the Bearer challenge. */
export function unauthorized(code: string, message: string, category = "TokenInvalid"): ApiError {
  const challenge = `Bearer realm="RingCentral REST API", error="${code}", error_description="${message}"`;
  return new ApiError(401, code, message, { category, headers: { "WWW-Authenticate": challenge } });
}

/** The answer that an error becomes: a top-level code and message, and the same nested in `errors`. */
export function errorAnswer(error: ApiError, settings: RingCentralSettings): Answer {
  const { status, code, message, category, fields, headers } = error;
  const top = settings.answers.topLevelCode === "nested" ? code : category;
  const { permissionName } = fields;
  const json = {
    errorCode: top,
    message,
    errors: [{ errorCode: code, message, ...fields }],
    ...(permissionName === undefined ? {} : { permissionName }),
  };
  return { status, json, headers };
}
