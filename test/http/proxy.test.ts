import { expect, it } from "vitest";
import { proxyFor, proxyOf } from "../../src/http/proxy.ts";

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
  [new URL("http://10.1.2.3/"), { http, none: "10.0.0.0/8" }, undefined],
  [new URL("http://0x0a010203/"), { http, none: "10.0.0.0/8" }, undefined],
  [new URL("http://11.1.2.3/"), { http, none: "10.0.0.0/8" }, http],
  [new URL("http://10.1.2.3/"), { http, none: "10.1.2.3" }, undefined],
  [new URL("http://10.1.2.3/"), { http, none: "10.0.0.0/99 10.0.0.0/x .3 2.3" }, http],
  [new URL("http://[fd00::1]/"), { http, none: "fd00::/8" }, undefined],
  [new URL("http://[fd00::1]:81/"), { http, none: "[fd00::1]:81" }, undefined],
  [new URL("http://[fe00::1]/"), { http, none: "fd00::/8" }, http],
])("%s with %j goes through %s", (url, settings, proxy) => expect(proxyFor(url, settings)).toBe(proxy));

it.each([
  [{ HTTP_PROXY: "proxy.example:3128" }, { http: "http://proxy.example:3128/" }],
  [{ HTTP_PROXY: "localhost:3128" }, { http: "http://localhost:3128/" }],
  [
    { HTTPS_PROXY: "https://a:b%40@proxy.example/", no_proxy: "x" },
    { https: "https://a:b%40@proxy.example/", none: "x" },
  ],
  [{ http_proxy: "http://low", HTTP_PROXY: "http://high" }, { http: "http://low/" }],
  [{ HTTP_PROXY: " " }, {}],
])("understands %j", (env, settings) => expect(proxyOf(env)).toEqual(settings));

it.each(["socks5://u:secret@127.0.0.1:9", "ftp://x", "http://", "http://a:%zz@h", "h:99999", "u:secret@[x"])(
  "refuses %s in a sentence without its login",
  (HTTP_PROXY) => {
    expect(() => proxyOf({ HTTP_PROXY })).toThrow(expect.objectContaining({ code: "usage" }));
    expect(() => proxyOf({ HTTP_PROXY })).not.toThrow(/secret/);
  },
);
