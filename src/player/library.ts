import { statSync } from "node:fs";
import { type Browse, type Browsed, type BrowseQuery, openBrowse } from "../ledgers/browse.ts";

export type { Browsed, BrowseQuery, Position } from "../ledgers/browse.ts";

/** An archive's ledger as listeners look through it. */
export interface Library extends AsyncDisposable {
  page(query: BrowseQuery): Promise<Browsed>;
}

/** Recordings that come while the player runs are taken into the search index this soon. */
const lookAgainMs = 2_000;

/**
 * Looks through the ledger file and builds its search index whenever nobody asks. A file that was replaced (`verify
 * --rebuild`) is opened anew.
 */
export function openLibrary(file: string): Library {
  let open: { readonly browse: Browse; readonly inode: number } | undefined;
  let idle: NodeJS.Immediate | NodeJS.Timeout | undefined;
  let closed = false;

  function opened(): Browse {
    const inode = statSync(file, { throwIfNoEntry: false })?.ino;
    if (open !== undefined && open.inode !== inode) close();
    open ??= { browse: openBrowse(file), inode: inode ?? 0 };
    return open.browse;
  }

  function close(): void {
    open?.browse.close();
    open = undefined;
  }

  function tidy(): void {
    if (closed) return;
    idle = open?.browse.index() ? setImmediate(tidy) : setTimeout(tidy, lookAgainMs).unref();
  }

  idle = setImmediate(tidy);
  return {
    page: async (query) => opened().page(query),
    async [Symbol.asyncDispose]() {
      closed = true;
      clearImmediate(idle as NodeJS.Immediate);
      clearTimeout(idle as NodeJS.Timeout);
      close();
    },
  };
}
