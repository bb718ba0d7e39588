import type { Listener } from "./sessions.ts";

/** A login in the browser at one of the systems (authorization code with PKCE). */
export interface WebLogin {
  /** How the system is called. */
  readonly title: string;
  /** Where to send the browser. */
  address(redirectUri: string, state: string, verifier: string): Promise<string>;
  /** Who came back, with what that account may hear; throws RecordingError when the login was declined or refused. */
  enter(answer: URLSearchParams, attempt: Attempt, signal: AbortSignal): Promise<Listener>;
}

/** One login under way. */
export interface Attempt {
  readonly redirectUri: string;
  readonly state: string;
  readonly verifier: string;
}
