import { expect, it } from "vitest";
import { timSettings } from "../../src/composition/sources.ts";
import { testIo } from "../helpers/test-io.ts";

const proxyOf = async (timUrl: string, env: Record<string, string>) => {
  const settings = { timUrl, timUser: "u", timPassword: "p" };
  const wiring = { settings, io: testIo(env), keepSecret() {}, report() {}, logRequest() {} };
  return (await timSettings(wiring)).proxy;
};

it("tells TIM's checks which proxy its address is reached through", async () => {
  // Settings hold proxies as whole URLs.
  const HTTPS_PROXY = "http://proxy.example:3128/";
  expect(await proxyOf("https://tim.example", { HTTPS_PROXY })).toBe(HTTPS_PROXY);
  expect(await proxyOf("https://tim.example", { HTTPS_PROXY, NO_PROXY: "tim.example" })).toBeUndefined();
  expect(await proxyOf("http://tim.example", { HTTPS_PROXY })).toBeUndefined();
});
