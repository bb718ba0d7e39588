import { parseJson } from "../../core/exact-json.ts";
import { RecordingError } from "../../core/model/errors.ts";

/** Every error code of a body: the top-level one and the nested ones, since either may be only a category. */
export function errorCodes(body: string | undefined): ReadonlySet<string> {
  const answer = parsedObject(body);
  const nested = Array.isArray(answer?.errors) ? (answer.errors as unknown[]).slice(0, 50) : [];
  const found = [
    answer?.errorCode,
    answer?.error,
    ...nested.map((entry) => (entry as { errorCode?: unknown })?.errorCode),
  ];
  return new Set(found.filter((code): code is string => typeof code === "string" && /^[\w-]{1,40}$/.test(code)));
}

/** Whether a body says that there were too many requests (CMN-301 to CMN-310). */
export function isLimit(body: string | undefined): boolean {
  return [...errorCodes(body)].some((code) => /^CMN-3(?:0[1-9]|10)$/.test(code));
}

/** Which parameters of the address a CMN-102 says lead to nothing, such as `recordingId`; empty where it names none. */
export function missingParameters(body: string | undefined): ReadonlySet<string> {
  const answer = parsedObject(body);
  const nested = Array.isArray(answer?.errors) ? (answer.errors as unknown[]).slice(0, 50) : [];
  const found = [answer, ...nested].flatMap((entry) => {
    const { parameterName, message } = (entry ?? {}) as { parameterName?: unknown; message?: unknown };
    const inWords = typeof message === "string" ? /parameter \[(\w{1,40})\]/i.exec(message)?.[1] : undefined;
    return [parameterName, inWords];
  });
  return new Set(found.filter((name): name is string => typeof name === "string" && /^\w{1,40}$/.test(name)));
}

/** The permission that a 403 asks for, when it names one. */
export function neededPermission(body: string | undefined): string | undefined {
  const answer = parsedObject(body);
  const nested = Array.isArray(answer?.errors) ? (answer.errors as unknown[]).slice(0, 50) : [];
  for (const entry of [answer, ...nested]) {
    const name = (entry as { permissionName?: unknown } | undefined)?.permissionName;
    if (typeof name === "string" && /^\w{1,60}$/.test(name)) return name;
  }
  return undefined;
}

/** A JSON object, or undefined for anything else. Numbers that have lost digits, or would lose them here, stay text. */
export function parsedObject(text: string | undefined): Record<string, unknown> | undefined {
  const value = text === undefined ? undefined : parseJson(text.replace(/^\ufeff/, ""));
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined;
}

/** Whether a 403 says that the app (not the user) lacks a permission: no recording will do. */
export function isScopeRefusal(body: string | undefined): boolean {
  return errorCodes(body).has("CMN-401");
}

const callPermissions: readonly string[] = ["ReadCallLog", "ReadCallRecording"];

/** The app lacks a permission: ends the run. */
export function refusedScope(body: string | undefined): RecordingError {
  const needed = neededPermission(body);
  const isOther = needed !== undefined && !callPermissions.includes(needed);
  const added = isOther ? needed : "ReadCallLog and ReadCallRecording";
  const message = `The RingCentral app lacks the permission${named(body)}. Add ${added} to the app in the developer console, then log in again.`;
  return new RecordingError("permission-refused", message);
}

/** The user lacks a permission without which nothing can be listed: ends the run. */
export function refusedRole(body: string | undefined): RecordingError {
  return new RecordingError("permission-refused", `${roleNeeded(body)} Or use the login of another user.`);
}

/** What the user's role lacks. */
export function roleNeeded(body: string | undefined): string {
  return `The RingCentral user lacks the permission${named(body)}: an administrator can give a role that may read the company call log and its recordings.`;
}

function named(body: string | undefined): string {
  const permission = neededPermission(body);
  return permission === undefined ? "" : ` ${permission}`;
}

/** The account of the address is not the login's: ends the run. */
export function wrongAccount(details: ConstructorParameters<typeof RecordingError>[2]): RecordingError {
  const message =
    "RingCentral does not find the account (CMN-102 about accountId): the login belongs to another one. Check it with callreel auth status ringcentral.";
  return new RecordingError("login-refused", message, details);
}
