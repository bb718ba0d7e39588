import { expect, it } from "vitest";
import { proxyFor } from "../../src/core/proxy.ts";

const tim = new URL("https://TIM.example:8443/x");
const [http, https] = ["http://plain:1", "http://secure:2"];

it.each([
  [tim, {}, undefined],
  [tim, { https }, https],
  [tim, { http }, http],
  [tim, { http, https }, https],
  [new URL("http://tim.example"), { http, https }, http],
  [new URL("http://tim.example"), { https }, undefined],
  [tim, { https, none: "*" }, undefined],
  [tim, { https, none: "other.example, tim.example" }, undefined],
  [tim, { https, none: ".example" }, undefined],
  [tim, { https, none: "*.Example" }, undefined],
  [tim, { https, none: "ample" }, https],
  [tim, { https, none: "tim.example:443" }, https],
  [tim, { https, none: "tim.example:8443" }, undefined],
  [new URL("https://tim.example"), { https, none: "tim.example:443" }, undefined],
  [new URL("https://[::1]/"), { https, none: "localhost [::1]" }, undefined],
])("%s with %j goes through %s", (url, settings, proxy) => expect(proxyFor(url, settings)).toBe(proxy));
