import type { Selection } from "../../core/model/ports.ts";

/** Which rows of a database are meant, and how to get in. Exactly one of `table` and `query` is set. */
export interface DatabaseSettings {
  /** `calls`, `dbo.calls`: quoted part by part. */
  readonly table?: string;
  /** One SELECT, sent as it is. */
  readonly query?: string;
  /** The columns to read of `table`; all of them unless told. */
  readonly columns?: readonly string[];
  /** Field name → the name of the column that holds it. */
  readonly map?: Readonly<Record<string, string>>;
  /**
   * Put into the SELECT on `table` as parameters where the columns are known or mapped; not used with `query`. It narrows
   * generously (a day more on both sides, rows it cannot judge), so the exact choice stays with the caller.
   */
  readonly selection?: Selection;
  /** At most this many rows. Only with `table`. */
  readonly limit?: number;
  /** Outranks a password in the URL. */
  readonly password?: string;
  /** Longest wait for the connection; 15 s unless told. */
  readonly connectTimeoutMs?: number;
}
