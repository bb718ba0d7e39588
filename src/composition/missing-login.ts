import { RecordingError } from "../core/model/errors.ts";
import type { SourceName } from "../core/model/recording.ts";

/** The `usage` error for work of a system that the settings have no login for. */
export function missingLogin(name: SourceName): RecordingError {
  return new RecordingError("usage", settingsOf[name]);
}

const settingsOf: Readonly<Record<SourceName, string>> = {
  ringcentral:
    "There is no RingCentral login: set RC_APP_CLIENT_ID, RC_APP_CLIENT_SECRET and RC_USER_JWT (each also as …_FILE), or run callreel setup.",
  tim: "There is no TIM address: give --tim-url or set TIM_URL, with TIM_USERNAME and TIM_PASSWORD (or TIM_PASSWORD_FILE), or run callreel setup.",
};
