import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { systemClock } from "../../src/platform/clock.ts";
import { addUser, openUsers } from "../../src/player/auth/passwords.ts";
import { openVisitorAddress, trustedProxies } from "../../src/player/auth/visitor.ts";
import type { Player } from "../../src/player/server.ts";
import { ask, cookieOf, openPlayedArchive, type PlayedArchive } from "./played-archive.ts";

/** No wait ends while a busy machine works out the hashes of passwords. */
const stopped = { ...systemClock, monotonic: () => 0 };

let folder: string;
let file: string;
let played: PlayedArchive;
let player: Player;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "callreel-users-"));
  file = join(folder, "people");
  await addUser(file, "anna", "correct horse");
  played = await openPlayedArchive();
  await played.keep("ringcentral", "4001", {});
  player = await played.open({ users: openUsers(file), clock: stopped });
});
afterEach(async () => {
  await played[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

function logIn(name: string, password: string, next = "/", headers: Record<string, string> = {}) {
  const body = new URLSearchParams({ name, password, next }).toString();
  return ask(player.address, "/login", { method: "POST", body, headers });
}

test("the file holds salted hashes, for its owner alone", async () => {
  await addUser(file, "ben", "correct horse");
  const [anna, ben] = readFileSync(file, "utf8").trim().split("\n");
  expect(anna).toMatch(/^anna:scrypt\$32768\$8\$1\$[\w-]{22}\$[\w-]{43}$/);
  expect(ben?.split("$").at(-1)).not.toBe(anna?.split("$").at(-1));
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

test.each([
  ["anna", "long enough", /already/],
  ["has blank", "long enough", /name/],
  ["a:b", "long enough", /name/],
  ["carl", "short", /8 characters/],
])("user %s with password %s is refused", async (name, password, why) => {
  await expect(addUser(file, name, password)).rejects.toThrow(why);
});

test("the right password opens a session that leads to where one wanted to go, and the audit log knows the name", async () => {
  const wanted = await ask(player.address, "/r/ringcentral/4001", { headers: { accept: "text/html" } });
  expect(wanted.headers.location).toBe("/login?next=%2Fr%2Fringcentral%2F4001");
  const answer = await logIn("anna", "correct horse", "/r/ringcentral/4001");
  expect([answer.status, answer.headers.location]).toEqual([302, "/r/ringcentral/4001"]);
  const heard = await ask(player.address, "/r/ringcentral/4001", { headers: { cookie: cookieOf(answer) } });
  expect(heard.status).toBe(200);
  expect((await played.ledger.lastAudits(1))[0]?.detail).toBe("listened by anna");
});

test("a wrong name and a wrong password are told alike", async () => {
  const [name, password] = [await logIn("nobody", "correct horse"), await logIn("anna", "wrong horse")];
  expect([name.status, password.status]).toEqual([401, 401]);
  expect(name.body.equals(password.body)).toBe(true);
  expect(cookieOf(name)).toBe("");
});

test("no key lets anybody in where people have names", async () => {
  expect(player.entrance).toBe(`${player.address}/`);
  expect(player.entranceOnce()).toBe(`${player.address}/`);
  expect((await ask(player.address, "/?key=anything")).status).toBe(401);
});

test("guessing ends after five wrong passwords, also for the right one, and the page says for how long", async () => {
  const answers = await Promise.all(Array.from({ length: 9 }, (_, at) => logIn("anna", `guess ${at}`)));
  expect(answers.filter(({ status }) => status === 401)).toHaveLength(5);
  const right = await logIn("anna", "correct horse");
  expect([right.status, right.headers["retry-after"]]).toEqual([429, "1"]);
  expect(right.body.toString()).toContain("Try again in 1 s.");
});

test("behind a proxy a guesser locks out nobody else", async () => {
  await addUser(file, "ben", "correct horse");
  const visitorAddress = openVisitorAddress(true, trustedProxies([]));
  const proxied = await played.open({ users: openUsers(file), clock: stopped }, { visitorAddress });
  const from = (address: string, name: string, password: string) => {
    const body = new URLSearchParams({ name, password, next: "/" }).toString();
    return ask(proxied.address, "/login", { method: "POST", body, headers: { "x-forwarded-for": address } });
  };
  for (let at = 0; at < 9; at += 1) await from("198.51.100.7", "anna", "guess");
  expect((await from("198.51.100.7", "anna", "correct horse")).status).toBe(429);
  expect((await from("203.0.113.9", "anna", "correct horse")).status).toBe(302);
  expect((await from("203.0.113.9", "ben", "correct horse")).status).toBe(302);
  // What stands left of the proxy's own word is the visitor's invention.
  expect((await from("203.0.113.9, 198.51.100.7", "anna", "correct horse")).status).toBe(429);
});

test("a changed password ends the sessions of the old one", async () => {
  const cookie = cookieOf(await logIn("anna", "correct horse"));
  expect((await ask(player.address, "/api/recordings", { headers: { cookie } })).status).toBe(200);
  rmSync(file);
  await addUser(file, "anna", "another horse");
  expect((await ask(player.address, "/api/recordings", { headers: { cookie } })).status).toBe(401);
});

test.each(["//evil.example", "/\\evil.example", "https://evil.example", "evil"])(
  "a login never leads to another host: %s",
  async (next) => {
    expect((await logIn("anna", "correct horse", next)).headers.location).toBe("/");
  },
);

test("another site cannot log anybody in, and a form too large is refused", async () => {
  expect((await logIn("anna", "correct horse", "/", { origin: "http://evil.example" })).status).toBe(403);
  expect((await logIn("anna", "x".repeat(20_000))).status).toBe(413);
});

test("what the address says stands on the login page as text", async () => {
  const { body } = await ask(player.address, `/login?next=${encodeURIComponent('"><script>')}`);
  expect(body.toString()).not.toContain("<script>");
});

test("somebody who was taken out of the file is out at once", async () => {
  const cookie = cookieOf(await logIn("anna", "correct horse"));
  rmSync(file);
  await addUser(file, "ben", "correct horse");
  expect((await ask(player.address, "/api/recordings", { headers: { cookie } })).status).toBe(401);
});
