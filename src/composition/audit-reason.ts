import type { Settings } from "../cli/config.ts";
import { RecordingError } from "../core/model/errors.ts";

/** The reason to keep in the audit log. Throws `usage` where the settings want one (`audit-reason`) and none was given. */
export function auditReason({ reason, auditReason: asks }: Settings, command: string): string | undefined {
  if (reason !== undefined || asks !== "required") return reason;
  throw new RecordingError(
    "usage",
    `${command} needs a reason here (setting audit-reason): give --reason TEXT; it is kept in the audit log.`,
  );
}
