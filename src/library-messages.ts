import type { ErrorParts } from "./core/error-parts.ts";
import type { Browsed, BrowseQuery } from "./player/library.ts";

/** What a player asks the thread that looks through a ledger, and what it answers. */
export interface LibraryQuestion {
  readonly id: number;
  readonly query: BrowseQuery;
}

export type LibraryAnswer = { readonly id: number } & ({ readonly page: Browsed } | { readonly error: ErrorParts });
