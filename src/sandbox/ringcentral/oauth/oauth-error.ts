/** A refused OAuth request: an OAuth error word, a sentence, and mostly RingCentral's code. */
export class OAuthError extends Error {
  readonly status: number;
  readonly error: string;
  readonly code: string | undefined;

  constructor(status: number, error: string, code: string | undefined, message: string) {
    super(message);
    this.status = status;
    this.error = error;
    this.code = code;
  }
}

/** The JSON of the refusal. */
export function oauthErrorBody({ error, message, code }: OAuthError): object {
  return {
    error,
    error_description: message,
    ...(code === undefined ? {} : { errorCode: code, message, errors: [{ errorCode: code, message }] }),
  };
}
