import type { RecordingError } from "../core/model/errors.ts";
import type { Check } from "../core/model/ports.ts";

/** The exit code that a failed check stands for: 7 where a login or permission was refused, 5 where trying later may help. */
export function exitOf({ code, verdict }: RecordingError): Pick<Check, "exitCode"> {
  if (code === "login-refused" || code === "permission-refused" || code === "forbidden") return { exitCode: 7 };
  return verdict === "retry" || code === "tls" ? { exitCode: 5 } : {};
}
