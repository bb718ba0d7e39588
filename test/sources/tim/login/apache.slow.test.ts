import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { type Apache, noApache, openApache } from "../../../helpers/apache.ts";
import { never, openFixture, recording, refusal } from "../fixture.ts";

const user = "export";
const password = 's3cr"et: Zoë';
const hash = (name: string, text: string) => createHash(name).update(text);

/** A TIM played by Apache: its voice script is a file behind a login. */
function openTimOnApache(directives: string): Promise<Apache> {
  return openApache({
    pages: { "voice.wav": "http://echo01:8090/x?token=1\r\n" },
    files: {
      digest: `${user}:TIM Enterprise:${hash("md5", `${user}:TIM Enterprise:${password}`).digest("hex")}\n`,
      basic: `${user}:{SHA}${hash("sha1", password).digest("base64")}\n`,
    },
    directives: (folder) =>
      ['AuthName "TIM Enterprise"', "Require valid-user", directives.replaceAll("FOLDER", folder)].join("\n"),
  });
}

const digest = "AuthType Digest\nAuthDigestProvider file\nAuthUserFile FOLDER/digest\n";
const basic = "AuthType Basic\nAuthBasicProvider file\nAuthUserFile FOLDER/basic\n";
const schemeOf = ({ authorization }: { authorization: string }) => authorization.split(" ")[0];

describe.skipIf(noApache !== undefined)(`Apache's own login modules (${noApache ?? "apache2 is here"})`, () => {
  test("mod_auth_digest takes the login of thirty requests at once, after one question", async () => {
    await using apache = await openTimOnApache(digest);
    await using fixture = await openFixture(() => ({}), { url: apache.origin, user, password });
    const links = await Promise.all(
      Array.from({ length: 30 }, (_, at) =>
        fixture.source.link(recording(`N "${at}" \\&%`, "\\3\\"), undefined, never),
      ),
    );
    expect(new Set(links.map(({ url }) => url))).toEqual(new Set(["http://echo01:8090/x?token=1"]));
    const requests = await apache.requests(31);
    expect(requests.map(({ status }) => status).sort()).toEqual([...Array(30).fill(200), 401]);
  });

  test("nonces of mod_auth_digest that go stale are replaced", async () => {
    await using apache = await openTimOnApache(`${digest}AuthDigestNonceLifetime 4`);
    await using fixture = await openFixture(() => ({}), { url: apache.origin, user, password });
    await fixture.source.link(recording("A"), undefined, never);
    await new Promise((resolve) => setTimeout(resolve, 5_100));
    const links = ["B", "C", "D", "E"].map((name) => fixture.source.link(recording(name), undefined, never));
    expect((await Promise.all(links)).length).toBe(4);
    const refusedLogins = (await apache.requests(7)).filter(
      ({ status, authorization }) => status === 401 && authorization !== "-",
    );
    expect(refusedLogins.length).toBeGreaterThan(0);
  });

  test("a wrong password costs mod_auth_digest two requests", async () => {
    await using apache = await openTimOnApache(digest);
    await using fixture = await openFixture(() => ({}), { url: apache.origin, user, password: "wrong" });
    const tries = Array.from({ length: 8 }, (_, at) =>
      refusal(fixture.source.link(recording(`N${at}`), undefined, never)),
    );
    expect((await Promise.all(tries)).every(({ code }) => code === "login-refused")).toBe(true);
    expect((await apache.requests(2)).map((each) => [each.status, schemeOf(each)])).toEqual([
      [401, "-"],
      [401, "Digest"],
    ]);
  });

  test("mod_auth_basic takes the login, and refuses a wrong one once", async () => {
    await using apache = await openTimOnApache(basic);
    await using right = await openFixture(() => ({}), { url: apache.origin, user, password });
    await Promise.all(["A", "B", "C"].map((name) => right.source.link(recording(name), undefined, never)));
    await using wrong = await openFixture(() => ({}), { url: apache.origin, user, password: "wrong", auth: "basic" });
    const tries = Array.from({ length: 8 }, (_, at) =>
      refusal(wrong.source.link(recording(`N${at}`), undefined, never)),
    );
    expect((await Promise.all(tries)).every(({ code }) => code === "login-refused")).toBe(true);
    expect((await apache.requests(5)).map((each) => [each.status, schemeOf(each)])).toEqual([
      [401, "-"],
      [200, "Basic"],
      [200, "Basic"],
      [200, "Basic"],
      [401, "Basic"],
    ]);
  });
});
