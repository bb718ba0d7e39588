/**
 * Which rows are wanted, as far as a database can tell. It narrows generously: rows it cannot judge are read, so the
 * exact choice stays with the caller.
 */
export interface RowFilter {
  /** First day and last day (both inclusive) of the call's start, site-local: `2024-05-01`, with anything after it ignored. */
  readonly from?: string;
  readonly to?: string;
  readonly number?: string;
  readonly extension?: string;
  /** Seconds. */
  readonly minDuration?: number;
}

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
  /** Pushed down to `table` as parameters where the columns are known or mapped; not used with `query`. */
  readonly selection?: RowFilter;
  /** At most this many rows. Only with `table`. */
  readonly limit?: number;
  /** Outranks a password in the URL. */
  readonly password?: string;
  /** PEM texts of further certificate authorities. */
  readonly ca?: string;
  /** Accepts any certificate. */
  readonly insecure?: boolean;
  /** Longest wait for the connection; 15 s unless told. */
  readonly connectTimeoutMs?: number;
}
