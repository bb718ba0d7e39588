import { escaped, smallPage } from "./small-page.ts";

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
