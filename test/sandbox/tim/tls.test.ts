import { afterAll, beforeEach, expect, test } from "vitest";
import { defaultTimSettings } from "../../../src/sandbox/tim/site-settings.ts";
import { ask, askToken, openSmallTim, tokenUrl } from "./client.ts";

const tim = await openSmallTim();
const { settings } = tim;
const ca = tim.certificateAuthority;

beforeEach(() => {
  Object.assign(settings, defaultTimSettings());
});
afterAll(() => tim.close());

test("with the sandbox's authority both servers can be trusted, and nobody else's word is enough", async () => {
  settings.tls = { tim: "trusted", echo: "trusted" };
  const { basic, voiceTarget } = await import("./client.ts");
  const url = tim.timUrl + voiceTarget(tim.recordings()[0]!);
  expect(url).toMatch(/^https:/);
  const { text } = await ask(url, { headers: basic(tim), ca });
  expect(text).toMatch(/^https:/);
  expect((await ask(text, { ca })).body).toEqual(tim.audioOf(tim.recordings()[0]!.voicefilename));
  await expect(ask(url, { headers: basic(tim) })).rejects.toThrow(/certificate/);
});

test.each([
  ["self-signed", /self.signed/i],
  ["wrong-host", /not in the cert's list|does not match/i],
  ["expired", /expired/i],
] as const)("a certificate that is %s is refused for that reason", async (mode, reason) => {
  settings.tls.echo = mode;
  await expect(ask(await tokenUrl(tim), { ca })).rejects.toThrow(reason);
});

test("an old server speaks TLS 1.1 at most", async () => {
  settings.tls.echo = "old-protocol";
  const url = await tokenUrl(tim);
  await expect(ask(url, { ca })).rejects.toThrow(/protocol|version|alert/i);
  const old = { minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" } as const;
  expect((await ask(url, { ca, ...old })).status).toBe(200);
});

test("where TLS is on, http gets 400, but the sandbox's own paths still answer", async () => {
  const plain = tim.timUrl;
  settings.tls.tim = "trusted";
  expect((await ask(`${plain}/voice.wav`)).status).toBe(400);
  expect((await ask(`${plain}/_sandbox/stats`)).status).toBe(200);
});

test("where TLS is off, a TLS handshake meets a closed door", async () => {
  await expect(ask(tim.timUrl.replace("http:", "https:"), { ca })).rejects.toThrow();
  expect((await askToken(tim)).status).toBe(200);
});
