import { RecordingError } from "../../core/errors.ts";
import { errorCodes, neededPermission } from "./answers.ts";

/** Whether a 403 says that the app (not the user) lacks a permission: no recording will do. */
export function isScopeRefusal(body: string | undefined): boolean {
  return errorCodes(body).has("CMN-401");
}

/** The app lacks a permission: ends the run. */
export function refusedScope(body: string | undefined): RecordingError {
  const message = `The RingCentral app lacks the permission${named(body)}. Add ReadCallLog and ReadCallRecording to the app in the developer console, then log in again.`;
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
