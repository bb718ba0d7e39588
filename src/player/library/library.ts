import type { ErrorParts } from "../../core/model/errors.ts";
import type { Browsed, BrowseQuery, Counted } from "../../ledgers/browse-query.ts";
import { type Browse, openBrowse } from "../../ledgers/sqlite/browse.ts";

export type { Browsed, BrowseQuery, Counted, Position, Sort, StartBounds } from "../../ledgers/browse-query.ts";

/** An archive's ledger as listeners look through it. */
export interface Library extends AsyncDisposable {
  page(query: BrowseQuery): Promise<Browsed>;
  /** Counts a piece of what fits after `query.after`. */
  count(query: BrowseQuery): Promise<Counted>;
}

/** Recordings that come while the player runs are taken into the search index this soon. */
const lookAgainMs = 2_000;

/**
 * Looks through the ledger file and builds its search index whenever nobody asks. Once the file is replaced or gone every
 * page is an error (`ledger`): lists of another ledger than the player's own would be false.
 */
export function openLibrary(file: string): Library {
  const opened = attempt(() => openBrowse(file));
  let closed = false;
  /** Takes back what comes next: Node miscounts for good when a timeout is cleared as an immediate. */
  let cancel = () => {};

  function tidy(): void {
    if (closed || !("browse" in opened)) return;
    if (opened.browse.index()) soon();
    else later();
  }

  function soon(): void {
    const next = setImmediate(tidy);
    cancel = () => clearImmediate(next);
  }

  function later(): void {
    const next = setTimeout(tidy, lookAgainMs).unref();
    cancel = () => clearTimeout(next);
  }

  function browse(): Browse {
    if ("error" in opened) throw opened.error;
    return opened.browse;
  }

  soon();
  return {
    page: async (query) => browse().page(query),
    count: async (query) => browse().count(query),
    async [Symbol.asyncDispose]() {
      closed = true;
      cancel();
      if ("browse" in opened) opened.browse.close();
    },
  };
}

/** A ledger that cannot be opened is told to whoever asks. */
function attempt(open: () => Browse): { readonly browse: Browse } | { readonly error: unknown } {
  try {
    return { browse: open() };
  } catch (error) {
    return { error };
  }
}

/** What a player asks the thread that looks through a ledger, and what it answers. */
export interface LibraryQuestion {
  readonly id: number;
  readonly ask: "page" | "count";
  readonly query: BrowseQuery;
}

export type LibraryAnswer = { readonly id: number } & (
  | { readonly answer: Browsed | Counted }
  | { readonly error: ErrorParts }
);
