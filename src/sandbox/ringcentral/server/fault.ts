import type { FaultTrigger } from "../../faults.ts";

/** What goes wrong instead of, or with, the right answer. */
export type FaultEffect =
  /** An error answer; without `code` its body is not JSON but a gateway's page, or `empty`. */
  | {
      kind: "status";
      status: number;
      code?: string;
      message?: string;
      /** The parameter that the error names. */
      parameterName?: string;
      retryAfter?: number | string;
      empty?: boolean;
    }
  /** No answer until the client gives up. */
  | { kind: "hang" }
  /** The right answer after a wait. */
  | { kind: "delay"; ms: number }
  /** The connection is reset before the answer, or after some bytes of the body. */
  | { kind: "reset"; afterBytes?: number }
  /** The body ends early although Content-Length promised more. */
  | { kind: "short"; bytes: number }
  /** The body comes slowly. */
  | { kind: "drip"; bytesPerSecond: number }
  /** 200 with no bytes. */
  | { kind: "empty" }
  /** 200 with an error as JSON where something else was due: CMN-201 unless told. */
  | { kind: "json"; code?: string }
  /** 200 with a page of a captive portal. */
  | { kind: "html" }
  /**
   * A redirect; without `to`, to the sandbox's foreign host, which serves the audio and notes any Authorization, or
   * answers as `storage` says: with that status and a storage service's XML.
   */
  | { kind: "redirect"; to?: string; status?: number; storage?: 403 | 404 }
  /** 206 with only the first bytes although no Range was asked. */
  | { kind: "partial"; bytes: number }
  /** The token of this request dies: 401. */
  | { kind: "expire-token" };

/** A fault: when it strikes and what it does. Routes are named in server/routes.ts. */
export type RingCentralFault = FaultTrigger & FaultEffect;
