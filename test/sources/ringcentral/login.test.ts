import { createHash } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { browserLogin, type LoginPrompt } from "../../../src/sources/ringcentral/auth/browser-login.ts";
import { openRingCentral } from "../../../src/sources/ringcentral/index.ts";
import type { ScriptedAnswer } from "../../helpers/scripted-server.ts";
import { type Fake, openFake } from "./fake.ts";
import { leapingClock, never, openWorld, type World } from "./world.ts";

async function withPlace(work: (fake: Fake, world: World) => Promise<void>, clock?: World["context"]["clock"]) {
  await using fake = await openFake();
  const hosts = { server: fake.origin, mediaServer: fake.origin };
  await using world = openWorld(hosts, {}, clock);
  const { jwt: _, clientSecret: __, ...settings } = world.settings;
  await work(fake, { ...world, settings });
}

const session: ScriptedAnswer = {
  body: { access_token: "browser", expires_in: 3600, owner_id: "77", scope: "ReadCallLog ReadCallRecording" },
};

/** A browser that visits the addresses that `where` makes of the login page's parameters. */
function browser(
  where: (page: URLSearchParams) => string[],
  seen: { status: number; text: string }[] = [],
): LoginPrompt {
  return {
    show() {},
    async open(address) {
      for (const target of where(new URL(address).searchParams)) {
        const response = await fetch(target);
        seen.push({ status: response.status, text: await response.text() });
      }
    },
  };
}

const back = (page: URLSearchParams, query: Record<string, string>) =>
  `${page.get("redirect_uri")}?${new URLSearchParams(query)}`;

test("logs in with code and PKCE, and keeps the login for later runs", async () => {
  await withPlace(async (fake, world) => {
    fake.settings.answer = ({ path }) => (path.endsWith("/token") ? session : { body: "audio" });
    let page = new URLSearchParams();
    const prompt = browser((parameters) => {
      page = parameters;
      return [back(parameters, { code: "code-1", state: parameters.get("state")! })];
    });
    const loggedIn = await browserLogin(world.settings, world.context, prompt, never);
    expect(loggedIn).toMatchObject({ user: "77", scopes: ["ReadCallLog", "ReadCallRecording"] });

    const form = Object.fromEntries(new URLSearchParams(fake.tokenRequests()[0]!.body));
    expect(form).toMatchObject({ grant_type: "authorization_code", code: "code-1", client_id: "client" });
    expect(form.redirect_uri).toBe(page.get("redirect_uri"));
    expect(page.get("code_challenge_method")).toBe("S256");
    expect(createHash("sha256").update(form.code_verifier!).digest("base64url")).toBe(page.get("code_challenge"));

    await using source = openRingCentral(world.settings, world.context);
    const link = await source.link(source.named("1")!, undefined, never);
    link.answered?.(undefined);
    expect(link.headers.authorization).toBe("Bearer browser");
    expect(fake.tokenRequests()).toHaveLength(1);
  });
});

test("turns away visits that do not belong to the login, and goes on", async () => {
  await withPlace(async (fake, world) => {
    fake.settings.answer = () => session;
    const seen: { status: number; text: string }[] = [];
    const prompt = browser((page) => {
      const state = page.get("state")!;
      return [
        new URL("/favicon.ico", page.get("redirect_uri")!).href,
        back(page, { code: "stolen", state: "other" }),
        back(page, { code: "stolen" }),
        back(page, { error: "access_denied" }),
        back(page, { code: "mine", state }),
      ];
    }, seen);
    await browserLogin(world.settings, world.context, prompt, never);
    expect(seen.map(({ status }) => status).slice(0, 4)).toEqual([404, 400, 400, 400]);
    expect(fake.tokenRequests()[0]!.body).toContain("code=mine");
  });
});

test("says that the login was declined", async () => {
  await withPlace(async (_, world) => {
    const prompt = browser((page) => [back(page, { error: "access_denied", state: page.get("state")! })]);
    const outcome = browserLogin(world.settings, world.context, prompt, never);
    await expect(outcome).rejects.toMatchObject({
      code: "login-refused",
      message: expect.stringContaining("declined"),
    });
  });
});

test("takes the address pasted from a browser on another machine, after a wrong one", async () => {
  await withPlace(async (fake, world) => {
    fake.settings.answer = () => session;
    let address = "";
    const pasted = ["", "not an address", "http://localhost/oauth2callback?code=x&state=wrong"];
    const prompt: LoginPrompt = {
      show: (shown) => {
        address = shown;
      },
      open() {},
      async paste() {
        const page = new URL(address).searchParams;
        return pasted.shift() ?? ` ${back(page, { code: "typed", state: page.get("state")! })}\n`;
      },
    };
    await browserLogin(world.settings, world.context, prompt, never);
    expect(fake.tokenRequests()[0]!.body).toContain("code=typed");
  });
});

test("ends when nobody comes, or when told to stop", async () => {
  const prompt: LoginPrompt = { show() {}, open() {} };
  await withPlace(async (_, world) => {
    const outcome = browserLogin(world.settings, world.context, prompt, never);
    await expect(outcome).rejects.toMatchObject({ message: expect.stringContaining("within 5 minutes") });
  }, leapingClock());
  await withPlace(async (_, world) => {
    const outcome = browserLogin(world.settings, world.context, prompt, AbortSignal.timeout(50));
    await expect(outcome).rejects.toThrow();
  });
});

test("names the flag when its port is taken", async () => {
  const taken = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => taken.once("listening", resolve));
  await withPlace(async (_, world) => {
    const settings = { ...world.settings, redirectPort: (taken.address() as AddressInfo).port };
    const outcome = browserLogin(settings, world.context, { show() {}, open() {} }, never);
    await expect(outcome).rejects.toMatchObject({ code: "usage", message: expect.stringContaining("--redirect-port") });
  });
  taken.close();
});

test("keeps logins of several profiles apart", async () => {
  await withPlace(async (fake, world) => {
    fake.settings.answer = ({ path }) => (path.endsWith("/token") ? session : undefined);
    const prompt = browser((page) => [back(page, { code: "code-1", state: page.get("state")! })]);
    await browserLogin({ ...world.settings, profile: "a" }, world.context, prompt, never);
    await using other = openRingCentral({ ...world.settings, profile: "b" }, world.context);
    await expect(other.link(other.named("1")!, undefined, never)).rejects.toMatchObject({ code: "login-refused" });
    await using same = openRingCentral({ ...world.settings, profile: "a" }, world.context);
    (await same.link(same.named("1")!, undefined, never)).answered?.(undefined);
    await same.logout(never);
    await using after = openRingCentral({ ...world.settings, profile: "a" }, world.context);
    await expect(after.link(after.named("1")!, undefined, never)).rejects.toMatchObject({ code: "login-refused" });
  });
});
