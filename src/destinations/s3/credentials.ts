import { RecordingError } from "../../core/model/errors.ts";

/** A key pair, and until when it is good where that is known. */
export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  readonly expiration?: Date;
}

/** Gives the credentials to sign with, fresh ones when the last are about to expire, or are those that a store called `expired`. */
export type CredentialSource = (expired?: Credentials) => Promise<Credentials>;

/** Always the same. */
export function fixedCredentials(credentials: Credentials): CredentialSource {
  return () => Promise.resolve(credentials);
}

interface AwsChain {
  defaultProvider(init: { readonly timeout: number; readonly maxRetries: number }): () => Promise<Credentials>;
}

/** For the metadata of a machine or container: the package's own single second is too short on a busy machine. */
const patience = { timeout: 3_000, maxRetries: 2 };

const freshMs = 5 * 60_000;

/**
 * AWS's own chain (profile, SSO, web identity, instance metadata), from its official package, which is loaded when the
 * first request is signed; `heard` is told of every secret it gives. Throws `usage` where the package is not installed,
 * `login-refused` where the chain finds nothing, and `unreachable` where it had a key before.
 */
export function chainCredentials(heard: (secret: string) => void): CredentialSource {
  let provider: (() => Promise<Credentials>) | undefined;
  let last: Credentials | undefined;
  let hadKey = false;
  return async (expired) => {
    // The chain keeps what it gave: only a new one asks again.
    if (last !== undefined && last.accessKeyId === expired?.accessKeyId) [provider, last] = [undefined, undefined];
    if (last !== undefined && isFresh(last)) return last;
    provider ??= (await loadChain()).defaultProvider(patience);
    const asked = provider;
    const given = await asked().catch((error: unknown) => {
      throw hadKey ? noneNow(error) : noneFound(error);
    });
    hadKey = true;
    heard(given.secretAccessKey);
    if (given.sessionToken !== undefined) heard(given.sessionToken);
    // An answer that was under way when the store called that key expired counts for nobody after.
    if (asked === provider) last = given;
    return given;
  };
}

function isFresh({ expiration }: Credentials): boolean {
  return expiration === undefined || expiration.getTime() - Date.now() > freshMs;
}

async function loadChain(): Promise<AwsChain> {
  try {
    return await import("@aws-sdk/credential-provider-node");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ERR_MODULE_NOT_FOUND") throw error;
    throw new RecordingError(
      "usage",
      `No key for S3: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (or …_FILE). For AWS profiles, SSO and roles install, where callreel is installed: npm install @aws-sdk/credential-provider-node (with -g if callreel was installed with -g).`,
      { cause: error },
    );
  }
}

function noneFound(cause: unknown): RecordingError {
  return new RecordingError(
    "login-refused",
    "The AWS chain (profile, SSO, web identity, instance metadata) has no key: log in (aws sso login), set AWS_PROFILE, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.",
    { cause },
  );
}

function noneNow(cause: unknown): RecordingError {
  const message = "The AWS chain had a key, which is about to expire or has expired, and gives no other one now.";
  return new RecordingError("unreachable", message, { cause });
}
