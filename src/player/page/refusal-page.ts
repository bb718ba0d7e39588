import { escaped, smallPage } from "./small-page.ts";

/** A refusal as a person reads it in a browser; with `retryAfter` (seconds) the page tries again by itself. */
export function refusalPage(status: number, message: string, retryAfter?: number): string {
  const title = titles[status] ?? "This did not work";
  const way = ways[status] ?? toTheList;
  const again = retryAfter === undefined ? "" : `<meta http-equiv="refresh" content="${retryAfter}">`;
  return smallPage(title, `<h1>${title}</h1><p>${escaped(message)}</p>${way}`, again);
}

const titles: Readonly<Record<number, string>> = {
  400: "This address is not right",
  401: "This link no longer works",
  403: "Not permitted",
  404: "Not found",
  429: "Too many tries",
  500: "Something went wrong",
  502: "The recording did not come",
  503: "Not ready yet",
};

const toTheList = '<p><a class="button" href="/">All recordings</a></p>';

/** What to do next, where the list of recordings would not help. */
const ways: Readonly<Record<number, string>> = {
  400: "",
  401: "<p>Open the newest address that <code>callreel serve</code> printed, or ask whoever runs it for that.</p>",
  503: '<p>This page tries again by itself.</p><p><a class="button" href="/">All recordings</a></p>',
};
