import { expect, test } from "vitest";
import { goneGrant, loginRefusal } from "../../../src/sources/ringcentral/auth/grants.ts";

const refusal = (body: object | string, status = 400) =>
  loginRefusal({ status, headers: {}, body: Buffer.from(typeof body === "string" ? body : JSON.stringify(body)) });

const remedies: readonly (readonly [code: string, remedy: RegExp])[] = [
  ["OAU-251", /developer console.*JWT auth flow/],
  ["OAU-250", /--jwt-file.*callreel auth login/],
  ["OAU-153", /client id and client secret.*--client-id.*--client-secret-file/],
  ["OAU-146", /--client-secret-file.*--client-id/],
  ["OAU-213", /callreel auth login ringcentral/],
  ["OAU-210", /expired.*callreel auth login ringcentral/],
  ["OAU-109", /redirect URI/],
  ["OAU-108", /too late/],
  ["OAU-120", /another app/],
  ["OAU-148", /locked/],
  ["OAU-165", /retired sandbox/],
];

test.each(remedies)("says what %s means and what helps", (code, remedy) => {
  const error = refusal({ error: "some_error", errors: [{ errorCode: code, message: "<script>words</script>" }] });
  expect(error).toMatchObject({ code: "login-refused", verdict: "stop" });
  expect(error.message).toContain(code);
  expect(error.message).toMatch(remedy);
  expect(error.message).not.toContain("words");
});

test("goes by the plain OAuth error where there is no code", () => {
  expect(refusal({ error: "invalid_grant" }).message).toMatch(/expired, revoked/);
  expect(refusal({ error: "unauthorized_client" }).message).toMatch(/JWT or the authorization code/);
});

test("prefers the narrow code to the wide error beside it", () => {
  expect(refusal({ error: "invalid_client", errors: [{ errorCode: "OAU-153" }] }).message).toMatch(
    /does not know an app with this client id/,
  );
});

test("names unknown codes and what to try, and survives any body", () => {
  expect(refusal({ errors: [{ errorCode: "OAU-999" }] }).message).toMatch(/OAU-999.*callreel doctor/);
  for (const body of ["", "<html>", "[]", "null", '{"errors":[null,7,{"errorCode":{}}]}']) {
    expect(refusal(body, 403).message).toContain("HTTP 403");
  }
});

test("says what replaces password and implicit logins", () => {
  expect(goneGrant()).toMatch(/password.*--jwt-file.*callreel auth login ringcentral/);
});
