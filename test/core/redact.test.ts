import { describe, expect, test } from "vitest";
import { openRedactor } from "../../src/core/redact.ts";
import { growth, linear } from "../helpers/cpu-cost.ts";

const secret = 'p@ss w/ö"rd+1';

describe("a registered secret", () => {
  const { add, clean } = openRedactor();
  add(secret);

  test.each([
    ["as it is", secret],
    ["percent-encoded", encodeURIComponent(secret)],
    ["percent-encoded in small letters", encodeURIComponent(secret).replace(/%../g, (code) => code.toLowerCase())],
    ["form-encoded", encodeURIComponent(secret).replaceAll("%20", "+")],
    ["JSON-escaped", JSON.stringify(secret).slice(1, -1)],
    ["JSON-escaped with its slashes", JSON.stringify(secret).slice(1, -1).replaceAll("/", "\\/")],
  ])("is taken out %s", (_form, text) => {
    expect(clean(`before ${text} after ${text}.`)).toBe("before *** after ***.");
  });

  test.each(["", "a", "ab", "user:", "another:"])("is taken out of base64 after %j", (before) => {
    const encoded = Buffer.from(`${before}${secret}`).toString("base64");
    const url = Buffer.from(`${before}${secret}`).toString("base64url");
    for (const text of [encoded, url]) {
      const shown = clean(text);
      expect(shown).toContain("***");
      expect(Buffer.from(shown.replace("***", ""), "base64").toString()).not.toContain("ss w");
      expect(shown.length).toBeLessThan(before.length * 2 + 12);
    }
  });
});

test("the longest secret wins, so that nothing of it stays behind a shorter one", () => {
  const { add, clean } = openRedactor();
  add("abcd");
  add("abcdefgh");
  expect(clean("abcdefgh abcd")).toBe("*** ***");
});

test("a secret that came apart by a line break is found in its one-line form", () => {
  const { add, clean } = openRedactor();
  add("first\nsecond");
  expect(clean("first second")).toBe("***");
});

test("a very short secret is taken out where it stands alone, and leaves words whole", () => {
  const { add, clean } = openRedactor();
  add("it");
  expect(clean("password it, with wit")).toBe("password ***, with wit");
});

test.each(["demo", "Demo", "password"])(
  "%s as a secret is taken out as a word, and leaves other words whole",
  (word) => {
    const { add, clean } = openRedactor();
    add(word);
    const text = `${word} of ${word}nstration: x${word}, "${word}" for user:${word} as admin_${word}`;
    expect(clean(text)).toBe(`*** of ${word}nstration: x${word}, "***" for user:*** as admin_***`);
  },
);

test.each(["demo1", "deMo", "d-mo", "demonstration"])("%s as a secret is taken out wherever it stands", (secret) => {
  const { add, clean } = openRedactor();
  add(secret);
  expect(clean(`x${secret}y`)).toBe("x***y");
});

test("empty secrets and strange surrogates change nothing", () => {
  const { add, clean } = openRedactor();
  add("");
  add("   ");
  add("\uD800abc");
  expect(clean("an honest text")).toBe("an honest text");
});

test.each([
  ["Authorization: Digest username=x, response=y", "Authorization: ***"],
  ['{"authorization":"Basic dTpw"}', '{"authorization":***'],
  ["Set-Cookie: id=1; HttpOnly", "Set-Cookie: ***"],
  ["got Bearer U0pDMTFQ.abc-_~+/= here", "got Bearer *** here"],
  ["sent Basic dXNlcjpwYXNz", "sent Basic ***"],
  ["jwt eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln done", "jwt *** done"],
  ["postgres://user:p/w@x@db/calls", "postgres://***@db/calls"],
  ["https://token@host.test/x", "https://***@host.test/x"],
  ["postgres://user:pw@db/calls", "postgres://***@db/calls"],
  ["GET https://media.test/a/content?access_token=U0&x=1 failed", "GET https://media.test/a/content?*** failed"],
  ["GET /voice.wav?cmd=getvmsg&token=1", "GET /voice.wav?***"],
  ["https://echo.test/play?opaque-token", "https://echo.test/play?***"],
  ["access_token=abc; next", "access_token=***; next"],
  ["client_secret=abc&grant=x", "client_secret=***&grant=x"],
  ['{"refresh_token": "abc","x":1}', '{"refresh_token": "***","x":1}'],
])("%j reads %j without registering anything", (text, cleaned) => {
  expect(openRedactor().clean(text)).toBe(cleaned);
});

test.each([
  "The server asks for Basic authentication; set --tim-password-file.",
  "Did it work? Yes: 12 of 14.",
  "RingCentral refused the access token. Log in with callreel auth login ringcentral.",
  "https://host.test:8080/restapi/v1.0/account/~/recording/12/content 200",
])("leaves %j alone", (text) => {
  expect(openRedactor().clean(text)).toBe(text);
});

test("the cost of cleaning a hostile text grows with its length only", () => {
  const { add, clean } = openRedactor();
  add("a-secret-of-some-length");
  for (const piece of ["eyJ-", "://", "?a", "Bearer ", "password", '"pwd":"', "a-secret-of-some-lengt"]) {
    const cost = growth((size) => clean(piece.repeat(size / piece.length)), 64_000);
    expect(cost, piece).toBeLessThan(linear);
  }
});
