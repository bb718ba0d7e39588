import type { SettingsFile } from "../../cli/config.ts";
import { knownProfile } from "../../cli/config.ts";
import type { Questions } from "../../cli/questions.ts";
import { RecordingError } from "../../core/model/errors.ts";
import type { SourceName } from "../../core/model/recording.ts";
import { systemNames } from "../source-checks.ts";

const systems = ["ringcentral", "tim"] as const;

/** Which system the login is for. */
export async function chooseSystem(questions: Questions, usual: SourceName | undefined): Promise<SourceName> {
  const choices = [
    { says: "RingCentral", names: ["ringcentral", "rc", "ring central"] },
    { says: "TIM Enterprise", names: ["tim", "tim enterprise", "timenterprise", "tri-line"] },
  ];
  const at = await questions.choose("\nWhich system are the recordings in?", choices, usual === "tim" ? 1 : 0);
  return systems[at] as SourceName;
}

/** Under which name the login is kept: `default` unless that one is another system's. */
export async function askProfile(questions: Questions, name: SourceName, file: SettingsFile): Promise<string> {
  const other = name === "tim" ? "ringcentral" : "tim";
  const taken = hasLoginOf(other, file.values("default")) && !hasLoginOf(name, file.values("default"));
  const ask = "\nName of the profile";
  const read = (given: string) => checkedName(knownProfile(given, file.profiles()));
  const profile = await questions.text({ ask, usual: taken ? name : "default", read });
  if (hasLoginOf(name, file.values(profile))) {
    questions.say(`  It has a login to ${systemNames[name]} already, which is offered here and replaced at the end.`);
  }
  return profile;
}

/** Whether a profile's values hold a login to the system. */
export function hasLoginOf(name: SourceName, values: Readonly<Record<string, unknown>>): boolean {
  return values[name === "tim" ? "tim-url" : "client-id"] !== undefined;
}

/** A name that can stand in a command, in `CALLREEL_PROFILE` and in a table. */
export function checkedName(name: string): string {
  if (/^[\p{L}\p{N}][\p{L}\p{N} ._@+-]{0,63}$/u.test(name)) return name;
  throw new RecordingError(
    "usage",
    "A profile's name may contain letters, digits, spaces and . _ @ + -, 64 characters at most.",
  );
}
