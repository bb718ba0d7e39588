import { expect, test } from "vitest";
import {
  type DigestRequest,
  digestAuthorization,
  parseChallenges,
  strongestDigest,
} from "../../../../src/sources/tim/auth/digest.ts";

/** The Authorization header that answers `header`, as its scheme and pairs. */
function answerTo(header: string, request: Partial<DigestRequest> = {}): Record<string, string> {
  const offer = strongestDigest(parseChallenges(header));
  if (offer === undefined) throw new Error("no Digest in it");
  const full = {
    user: "Mufasa",
    password: "Circle of Life",
    method: "GET",
    uri: "/dir/index.html",
    nc: 1,
    cnonce: "c",
    ...request,
  };
  return Object.fromEntries(parseChallenges(digestAuthorization(offer, full))[0]?.params ?? []);
}

const rfc7616 =
  'Digest realm="http-auth@example.org", qop="auth, auth-int", nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"';
const cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";

test("the examples of RFC 7616 come out as printed there", () => {
  expect(answerTo(`${rfc7616}, algorithm=MD5`, { cnonce })).toEqual({
    username: "Mufasa",
    realm: "http-auth@example.org",
    uri: "/dir/index.html",
    algorithm: "MD5",
    nonce: "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
    nc: "00000001",
    cnonce,
    qop: "auth",
    response: "8ca523f5e9506fed4657c9700eebdbec",
    opaque: "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS",
  });
  expect(answerTo(`${rfc7616}, algorithm=SHA-256`, { cnonce }).response).toBe(
    "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
  );
});

test("the example with a hashed user name comes out as the RFC's erratum corrects it", () => {
  const header =
    'Digest realm="api@example.org", qop="auth", algorithm=SHA-512-256, nonce="5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK", opaque="HRPCssKJSGjCrkzDg8OhwpzCiGPChXYjwrI2QmXDnsOS", charset=UTF-8, userhash=true';
  const request = {
    user: "Jäsøn Doe",
    password: "Secret, or not?",
    uri: "/doe.json",
    cnonce: "NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v",
  };
  expect(answerTo(header, request)).toMatchObject({
    username: "793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b",
    userhash: "true",
    response: "3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5",
  });
});

test("the example of RFC 2617 comes out as printed there", () => {
  const header = 'Digest realm="testrealm@host.com", qop="auth,auth-int", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"';
  const request = { password: "Circle Of Life", cnonce: "0a4f113b" };
  expect(answerTo(header, request).response).toBe("6629fae49393a05397450978507c4ef1");
});

test("a server of the time before qop is answered in its way", () => {
  const header = 'Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"';
  const answer = answerTo(header, { password: "CircleOfLife" });
  expect(answer.response).toBe("1949323746fe6a43ef61f9606e7febea");
  expect([answer.nc, answer.qop, answer.cnonce]).toEqual([undefined, undefined, undefined]);
  // A session key holds the cnonce, which must then be told.
  expect(answerTo(`${header}, algorithm=MD5-sess`).cnonce).toBe("c");
});

test("of several Digests the strongest one that can be answered is chosen", () => {
  const offer = (algorithm: string) => `Digest realm="r", nonce="of ${algorithm}", qop="auth", algorithm=${algorithm}`;
  const chosen = (...algorithms: string[]) =>
    strongestDigest(parseChallenges(algorithms.map(offer).join(", ")))?.algorithm;
  expect(chosen("MD5", "SHA-512-256", "SHA-256")).toBe("SHA-512-256");
  expect(chosen("MD5-sess", "sha-256-SESS", "MD5")).toBe("sha-256-SESS");
  expect(chosen("SHA3-999", "MD5")).toBe("MD5");
  expect(chosen("SHA3-999")).toBeUndefined();
  expect(strongestDigest(parseChallenges('Digest realm="no nonce"'))).toBeUndefined();
  expect(strongestDigest(parseChallenges('Digest realm="r", nonce="n", qop="other"'))).toBeUndefined();
});

test("quotes and backslashes in names are escaped, and beyond ASCII go out as UTF-8", () => {
  const offer = strongestDigest(parseChallenges('Digest realm="a \\"b\\" \\\\c", nonce="n", qop=auth'));
  if (offer === undefined) throw new Error("no Digest in it");
  const header = digestAuthorization(offer, {
    user: 'J"ä',
    password: "p",
    method: "GET",
    uri: "/",
    nc: 1,
    cnonce: "c",
  });
  expect(header).toContain('realm="a \\"b\\" \\\\c"');
  expect(Buffer.from(header, "latin1").toString("utf8")).toContain('username="J\\"ä"');
});

test("a server that speaks UTF-8 is given such a user in extended notation", () => {
  const header = 'Digest realm="r", nonce="n", qop=auth, charset="utf-8"';
  expect(answerTo(header, { user: "Jäsøn D'oe" })["username*"]).toBe("UTF-8''J%C3%A4s%C3%B8n%20D%27oe");
  expect(answerTo(header, { user: "Jason" }).username).toBe("Jason");
});

test("where only auth-int is offered an empty body is sworn to", () => {
  const header = 'Digest realm="r", nonce="n", qop="auth-int", algorithm=SHA-256';
  const withBody = answerTo(header);
  expect(withBody.qop).toBe("auth-int");
  expect(withBody.response).not.toBe(answerTo(header.replace("auth-int", "auth")).response);
});
