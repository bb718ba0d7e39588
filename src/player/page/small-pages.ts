/** A page of a few words in the player's look; `body` and `head` are HTML. */
export function smallPage(title: string, body: string, head = ""): string {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${title} – callreel</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">
<link rel="icon" href="/icon.svg" type="image/svg+xml"><link rel="stylesheet" href="/player.css">${head}</head><body><main class="login">${body}</main></body></html>`;
}

/** Text as HTML shows it. */
export function escaped(text: string): string {
  const entities: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
  return text.replace(/[&<>"']/g, (char) => entities[char] as string);
}

/** The ways to log in. */
export interface Ways {
  readonly passwords?: boolean;
  /** The system whose accounts let in. */
  readonly system?: string;
}

/** What the login page shows. */
export interface LoginPage extends Ways {
  /** Why the last try failed. */
  readonly message?: string;
  /** The path to go on to. */
  readonly next: string;
}

/** The page on which people log in. */
export function loginPage({ passwords = false, system, message, next }: LoginPage): string {
  const alert = message === undefined ? "" : `<p role="alert" class="alert">${escaped(message)}</p>`;
  const form = `<form method="post" action="/login">
<input type="hidden" name="next" value="${escaped(next)}">
<label for="name">Name</label><input id="name" name="name" autocomplete="username" required autofocus>
<label for="password">Password</label><input id="password" name="password" type="password" autocomplete="current-password" required>
<button class="main" type="submit">Log in</button>
</form>`;
  const elsewhere = `<p><a class="button main" href="/login/oauth?next=${encodeURIComponent(next)}">Log in with ${escaped(system ?? "")}</a></p>`;
  return smallPage(
    "Log in",
    `<h1>Call recordings</h1>${alert}${passwords ? form : ""}${system === undefined ? "" : elsewhere}`,
  );
}

/** Turns somebody away who came without the key. */
export function keyPage(path: string): string {
  return smallPage(
    "Log in",
    `<h1>Call recordings</h1><p>Open the address that <code>callreel serve</code> printed when it started: it holds the key.</p>
<p>If you have opened it in this browser before: <a href="${escaped(path)}">go on</a>.</p>`,
  );
}

/** Goes on to a path of this player. */
export function goOnPage(next: string): string {
  const head = `<meta http-equiv="refresh" content="0;url=${escaped(next)}">`;
  return smallPage("Logged in", `<h1>Logged in</h1><p><a href="${escaped(next)}">Go on</a></p>`, head);
}

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
