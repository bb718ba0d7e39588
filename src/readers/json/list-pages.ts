import type { RejectedRow } from "../../core/model/recording.ts";
import { printable } from "../../core/text.ts";

/** Holds the pages of the API's lists that were given as rows against what they say of themselves: a list may lack pages. */
export interface ListPages {
  /** Hears of a page, without its records: what it says of its place in the list. */
  heard(page: Readonly<Record<string, unknown>>, file: string, line: number): void;
  /** A row of `file`, the last one read, that could not be had for each page after which another should come and none does. */
  missing(file: string): readonly RejectedRow[];
}

interface Seen {
  readonly list: string;
  readonly number: number;
  readonly total: number | undefined;
  readonly file: string;
  readonly line: number;
}

export function openListPages(): ListPages {
  const seen = new Set<string>();
  const open = new Map<string, Seen>();
  return {
    heard({ paging, navigation }, file, line) {
      const next = uriOf(objectOf(navigation)?.nextPage);
      const total = count(objectOf(paging)?.totalPages);
      const after = next === undefined ? undefined : count(next.searchParams.get("page"));
      const number = count(objectOf(paging)?.page) ?? (after === undefined ? 1 : after - 1);
      const page: Seen = { list: listOf(objectOf(navigation), next), number, total, file, line };
      const name = nameOf(number, page.list);
      seen.add(name);
      if (next !== undefined || (total !== undefined && number < total)) open.set(name, page);
    },
    missing(file) {
      // A last page may name no address that would tell whose it is.
      const isThere = (number: number, list: string) => [list, ""].some((each) => seen.has(nameOf(number, each)));
      const lacking = [...open.values()].filter(({ number, list }) => !isThere(number + 1, list));
      return lacking.map((page) => ({ file, line: page.file === file ? page.line : 0, message: told(page, file) }));
    },
  };
}

function nameOf(number: number, list: string): string {
  return `${number} ${list}`;
}

function told({ number, total, file: own }: Seen, file: string): string {
  const where = own === file ? "the file" : printable(own);
  const of = total === undefined ? "" : ` of ${total}`;
  return `${where} holds page ${number}${of} of a list whose page ${number + 1} was not given: its calls are unknown. Give all pages.`;
}

/** What a list was asked for: the address of any of its pages, without the page's number; "" where it names none. */
function listOf(navigation: Readonly<Record<string, unknown>> | undefined, next: URL | undefined): string {
  const url = next ?? uriOf(navigation?.firstPage) ?? uriOf(navigation?.previousPage);
  if (url === undefined) return "";
  const plain = new URL(url);
  plain.searchParams.delete("page");
  plain.searchParams.sort();
  return plain.href;
}

function uriOf(link: unknown): URL | undefined {
  const uri = objectOf(link)?.uri ?? link;
  const base = "https://platform.ringcentral.com";
  return typeof uri === "string" && uri !== "" && URL.canParse(uri, base) ? new URL(uri, base) : undefined;
}

function count(value: unknown): number | undefined {
  const number = typeof value === "string" && /^\d{1,9}$/.test(value) ? Number(value) : value;
  return typeof number === "number" && Number.isSafeInteger(number) && number > 0 ? number : undefined;
}

/** The value as a row's fields, if it is an object. */
export function objectOf(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined;
}
