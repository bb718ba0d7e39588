import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { RecordingError } from "./core/errors.ts";
import { nameBeside } from "./new-file.ts";

/** Passwords that a person typed in, kept for this user alone: in the system's keychain where one is set up, else in a file (0600). */
export interface Secrets {
  readonly place: string;
  get(name: string): string | undefined;
  set(name: string, secret: string): void;
  remove(name: string): void;
}

interface Keyring {
  readonly Entry: new (
    service: string,
    account: string,
  ) => { getPassword(): string | null; setPassword(secret: string): void; deletePassword(): boolean };
}

/** Opens the keychain when @napi-rs/keyring is installed and works, else `secrets.json` in the state folder. */
export async function openSecrets(stateFolder: string): Promise<Secrets> {
  const module = "@napi-rs/keyring";
  try {
    const { Entry } = (await import(module)) as Keyring;
    new Entry("callreel", "probe").getPassword();
    return keychain(Entry);
  } catch {
    return secretsFile(stateFolder);
  }
}

function keychain(Entry: Keyring["Entry"]): Secrets {
  const entry = (name: string) => new Entry("callreel", name);
  return {
    place: "the system's keychain",
    get: (name) => entry(name).getPassword() ?? undefined,
    set: (name, secret) => entry(name).setPassword(secret),
    remove: (name) => {
      entry(name).deletePassword();
    },
  };
}

function secretsFile(folder: string): Secrets {
  const path = join(folder, "secrets.json");
  const read = () => readSecrets(path);
  const write = (secrets: Record<string, string>) => {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const made = nameBeside(path);
    writeFileSync(made, `${JSON.stringify(secrets)}\n`, { mode: 0o600, flag: "wx" });
    renameSync(made, path);
  };
  return {
    place: path,
    get: (name) => read()[name],
    set: (name, secret) => write({ ...read(), [name]: secret }),
    remove(name) {
      const { [name]: _, ...others } = read();
      write(others);
    },
  };
}

function readSecrets(path: string): Record<string, string> {
  if (!existsSync(path)) return {};
  try {
    return JSON.parse(readFileSync(path, "utf8")) as Record<string, string>;
  } catch (error) {
    throw new RecordingError("usage", `${path} cannot be read; delete it and log in again.`, { cause: error });
  }
}
