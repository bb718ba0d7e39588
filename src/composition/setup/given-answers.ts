import type { Settings } from "../../cli/config.ts";
import type { Io } from "../../cli/io.ts";
import { RecordingError } from "../../core/model/errors.ts";
import type { SourceName } from "../../core/model/recording.ts";
import { readSecretStream } from "../../platform/secrets.ts";

const secretFiles = {
  clientSecretFile: ["clientSecret", "--client-secret-file"],
  jwtFile: ["jwt", "--jwt-file"],
  timPasswordFile: ["timPassword", "--tim-password-file"],
} as const;

/** The settings with the secret that `-` in place of a file says comes by standard input; one at most. */
export async function withPipedSecret(settings: Settings, { stdin }: Io): Promise<Settings> {
  const piped = Object.entries(secretFiles).filter(([key]) => settings[key as keyof typeof secretFiles] === "-");
  const [first, second] = piped;
  if (first === undefined) return settings;
  const [file, [direct, flag]] = first;
  if (second !== undefined || stdin.isTTY) {
    throw new RecordingError(
      "usage",
      `${flag} -: standard input can carry one secret, through a pipe: printf %s … | callreel.`,
    );
  }
  const { [file as keyof Settings]: _, ...others } = settings;
  return { ...others, [direct]: await readSecretStream(stdin, flag) };
}

/** The system that the settings speak of; undefined where they leave it open. */
export function givenSystem({ source, clientId, timUrl }: Settings): SourceName | undefined {
  if (source !== undefined) return source;
  if ((clientId === undefined) === (timUrl === undefined)) return undefined;
  return clientId === undefined ? "tim" : "ringcentral";
}

/** Without anybody to ask, everything must be given: else a `usage` error that names all that is missing. */
export function requireAnswers(name: SourceName | undefined, settings: Settings): void {
  const missing = name === undefined ? ["-s ringcentral or -s tim"] : needed[name](settings);
  if (missing.length === 0) return;
  throw new RecordingError(
    "usage",
    `Without a terminal, setup takes its answers from flags and the environment. Missing: ${missing.join("; ")}. A secret may also come by standard input: FILE is then -.`,
  );
}

const needed: Readonly<Record<SourceName, (settings: Settings) => string[]>> = {
  ringcentral: ({ clientId, jwt, jwtFile }) => [
    ...(clientId === undefined ? ["--client-id (RC_APP_CLIENT_ID)"] : []),
    ...(jwt === undefined && jwtFile === undefined ? ["--jwt-file FILE (RC_USER_JWT)"] : []),
  ],
  tim: ({ timUrl, timUser, timPassword, timPasswordFile }) => [
    ...(timUrl === undefined ? ["--tim-url (TIM_URL)"] : []),
    ...(timUser === undefined ? ["--tim-user (TIM_USERNAME)"] : []),
    ...(timPassword === undefined && timPasswordFile === undefined ? ["--tim-password-file FILE (TIM_PASSWORD)"] : []),
  ],
};
