import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { ScriptedAnswer, SeenRequest } from "../../../helpers/scripted-server.ts";
import { behindBasic, behindDigest, type Fixture, never, openFixture, recording, refusal } from "../fixture.ts";

const echo = () => ({ body: "http://127.0.0.1:9/x?token=1" });
const schemeOf = (request: SeenRequest) => request.headers.authorization?.split(" ")[0];
const schemes = ({ tim }: Fixture) => tim.seen.map(schemeOf);
const asks =
  (...challenges: string[]) =>
  (): ScriptedAnswer => ({
    status: 401,
    headers: { "www-authenticate": challenges.join(", ") },
  });

/** Links for so many recordings, all asked for at once. */
function linkMany({ source }: Fixture, count: number): Promise<PromiseSettledResult<unknown>[]> {
  return Promise.allSettled(
    Array.from({ length: count }, (_, at) => source.link(recording(`N${at}`), undefined, never)),
  );
}

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "callreel-tim-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

test("a server that is not known is asked once without the login, then Basic is sent ahead by all workers", async () => {
  await using fixture = await openFixture(behindBasic(echo));
  expect((await linkMany(fixture, 20)).every(({ status }) => status === "fulfilled")).toBe(true);
  expect(schemes(fixture)).toEqual([undefined, ...Array(20).fill("Basic")]);
});

test("the scheme of a server is remembered between runs, so that the next one sends Basic ahead", async () => {
  const stateDir = join(temporaryFolder(), "made", "as needed");
  await using first = await openFixture(behindBasic(echo), { stateDir });
  await linkMany(first, 1);
  await using second = await openFixture(behindBasic(echo), { stateDir, url: first.tim.origin });
  await linkMany(second, 3);
  expect(schemes(first)).toEqual([undefined, "Basic", "Basic", "Basic", "Basic"]);
  const file = join(stateDir, "tim-login-schemes.json");
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(readFileSync(file, "utf8")).not.toMatch(/s3cret|export/);
});

test.each(["not JSON", '{"x":5}', "[]", "null"])(
  "a spoiled memory (%s) costs one request and is made anew",
  async (text) => {
    const stateDir = temporaryFolder();
    writeFileSync(join(stateDir, "tim-login-schemes.json"), text);
    await using fixture = await openFixture(behindBasic(echo), { stateDir });
    await linkMany(fixture, 1);
    expect(schemes(fixture)).toEqual([undefined, "Basic"]);
    expect(readFileSync(join(stateDir, "tim-login-schemes.json"), "utf8")).toContain(`"${fixture.tim.origin}":"basic"`);
  },
);

test("a memory that cannot be written harms nothing", async () => {
  const file = join(temporaryFolder(), "a file");
  writeFileSync(file, "");
  await using fixture = await openFixture(behindBasic(echo), { stateDir: file });
  expect((await linkMany(fixture, 2)).every(({ status }) => status === "fulfilled")).toBe(true);
});

test("a wrong password costs one refused login, however many workers wait, and is never sent again", async () => {
  await using fixture = await openFixture(behindBasic(echo), { password: "wrong" });
  const outcomes = await linkMany(fixture, 200);
  expect(schemes(fixture)).toEqual([undefined, "Basic"]);
  const errors = outcomes.map((each) => (each.status === "rejected" ? each.reason : undefined));
  expect(new Set(errors).size).toBe(1);
  expect(errors[0]).toMatchObject({ code: "login-refused", verdict: "stop" });
  expect(errors[0].message).toContain("refused the login of export");
  expect(errors[0].message).toContain("--tim-password-file");
  expect(errors[0].message).not.toContain("wrong");
});

test("sent ahead, a wrong password costs exactly one request", async () => {
  await using fixture = await openFixture(behindBasic(echo), { password: "wrong", auth: "basic" });
  await linkMany(fixture, 200);
  expect(schemes(fixture)).toEqual(["Basic"]);
});

test("with Digest a wrong password costs two requests: the question and the refused answer", async () => {
  await using fixture = await openFixture(behindDigest(echo), { password: "wrong" });
  const outcomes = await linkMany(fixture, 200);
  expect(schemes(fixture)).toEqual([undefined, "Digest"]);
  expect(outcomes.every((each) => each.status === "rejected" && each.reason.code === "login-refused")).toBe(true);
});

test("a password that is changed during the run ends it for all workers", async () => {
  let served = 0;
  const script = behindBasic(echo);
  await using fixture = await openFixture((request, response) => {
    served += 1;
    return served > 10 ? asks('Basic realm="TIM"')() : script(request, response);
  });
  for (let at = 0; at < 9; at += 1) await fixture.source.link(recording(`N${at}`), undefined, never);
  expect((await refusal(fixture.source.link(recording(), undefined, never))).code).toBe("login-refused");
  const before = fixture.tim.seen.length;
  await linkMany(fixture, 8);
  expect(fixture.tim.seen.length).toBe(before);
});

test("Digest counts its requests and keeps its nonce as long as it lasts", async () => {
  await using fixture = await openFixture(behindDigest(echo));
  expect((await linkMany(fixture, 20)).every(({ status }) => status === "fulfilled")).toBe(true);
  const sent = fixture.tim.seen.slice(1).map(({ headers }) => headers.authorization ?? "");
  expect(sent.length).toBe(20);
  expect(new Set(sent.map((header) => /nonce="([^"]*)"/.exec(header)?.[1]))).toEqual(new Set(["n1"]));
  const counts = sent.map((header) => Number.parseInt(/nc=([0-9a-f]{8}),/.exec(header)?.[1] ?? "", 16));
  expect(counts.sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, at) => at + 1));
});

test("a stale nonce is replaced without counting as a refused login", async () => {
  await using fixture = await openFixture(behindDigest(echo, { uses: 5 }));
  expect((await linkMany(fixture, 30)).every(({ status }) => status === "fulfilled")).toBe(true);
});

test("nonces that serve one request only make the requests follow one another", async () => {
  await using fixture = await openFixture(behindDigest(echo, { uses: 1 }));
  expect((await linkMany(fixture, 30)).every(({ status }) => status === "fulfilled")).toBe(true);
  expect(fixture.tim.seen.length).toBeLessThan(90);
});

test("the next nonce that an answer names is used without another 401", async () => {
  const script = behindDigest(() => ({
    ...echo(),
    headers: { "authentication-info": 'qop=auth, rspauth="x", nextnonce="n1-next"' },
  }));
  await using fixture = await openFixture(script);
  await fixture.source.link(recording(), undefined, never);
  fixture.tim.play((request) => {
    expect(request.headers.authorization).toContain('nonce="n1-next"');
    expect(request.headers.authorization).toContain("nc=00000001");
    return echo();
  });
  await fixture.source.link(recording(), undefined, never);
  expect(fixture.tim.seen.length).toBe(3);
});

test("a server that calls every nonce stale is not asked for ever", async () => {
  let at = 0;
  await using fixture = await openFixture(() => {
    at += 1;
    return asks(`Digest realm="r", qop="auth", nonce="n${at}", stale=true`)();
  });
  const error = await refusal(fixture.source.link(recording(), undefined, never));
  expect([error.code, error.verdict]).toEqual(["login-refused", "stop"]);
  expect(fixture.tim.seen.length).toBeLessThanOrEqual(6);
});

test("of Basic and Digest, also in several headers, Digest is answered and the password stays here", async () => {
  await using fixture = await openFixture((request, response) => {
    if (request.headers.authorization !== undefined) return echo();
    response.setHeader("www-authenticate", ['Basic realm="TIM"', 'Digest realm="TIM", nonce="a", qop="auth"']);
    return { status: 401 };
  });
  await fixture.source.link(recording(), undefined, never);
  expect(schemes(fixture)).toEqual([undefined, "Digest"]);
});

test("a server that comes to want Digest is given it, once it no longer offers Basic", async () => {
  const stateDir = temporaryFolder();
  await using first = await openFixture(behindBasic(echo), { stateDir });
  await first.source.link(recording(), undefined, never);
  first.tim.play(behindDigest(echo));
  await using second = await openFixture(echo, { stateDir, url: first.tim.origin });
  await second.source.link(recording(), undefined, never);
  expect(schemes(first)).toEqual([undefined, "Basic", "Basic", "Digest"]);
});

test("a server that falls back from Digest to Basic in mid-run gets no readable password", async () => {
  await using fixture = await openFixture(behindDigest(echo));
  await fixture.source.link(recording(), undefined, never);
  fixture.tim.play(asks('Basic realm="TIM"'));
  const error = await refusal(fixture.source.link(recording(), undefined, never));
  expect(error.code).toBe("login-refused");
  expect(error.message).toContain("--tim-auth basic");
  expect(schemes(fixture)).not.toContain("Basic");
});

test("where Digest is demanded, Basic is not answered", async () => {
  await using fixture = await openFixture(behindBasic(echo), { auth: "digest" });
  expect((await refusal(fixture.source.link(recording(), undefined, never))).code).toBe("login-refused");
  expect(schemes(fixture)).toEqual([undefined]);
});

test.each([
  [["Negotiate", "NTLM"], /offers only Negotiate, NTLM .*Windows authentication.*Basic or Digest/],
  [["NTLM"], /offers only NTLM/],
  [["Bearer realm=x"], /offers only Bearer/],
  [["Digest realm=r, nonce=n, algorithm=SHA3-512"], /offers only Digest/],
  [["<script>"], /offers only an unreadable way to log in, and callreel speaks Basic and Digest/],
])("a login that is not spoken here is named, with what to do: %j", async (challenges, words) => {
  await using fixture = await openFixture(asks(...challenges));
  const outcomes = await linkMany(fixture, 8);
  expect(fixture.tim.seen.length).toBe(1);
  const error = outcomes[0]?.status === "rejected" ? outcomes[0].reason : undefined;
  expect([error.code, error.verdict]).toEqual(["login-refused", "stop"]);
  expect(error.message).toMatch(words);
});

test("a 401 that names no scheme is taken for Basic, once", async () => {
  await using fixture = await openFixture(() => ({ status: 401 }));
  expect((await refusal(fixture.source.link(recording(), undefined, never))).code).toBe("login-refused");
  expect(schemes(fixture)).toEqual([undefined, "Basic"]);
});

test("a server that shuts this machine out before any login is not given one", async () => {
  await using fixture = await openFixture(() => ({ status: 403 }));
  const outcomes = await linkMany(fixture, 8);
  expect(schemes(fixture)).toEqual([undefined]);
  expect(outcomes[0]).toMatchObject({ reason: { code: "login-refused", verdict: "stop" } });
});

test("a server that asks for no login gets none", async () => {
  await using fixture = await openFixture(echo);
  await linkMany(fixture, 5);
  expect(schemes(fixture)).toEqual(Array(5).fill(undefined));
});

test("a failing server proves no login: still one at a time, and a wrong password is still refused once", async () => {
  let at = 0;
  let together = 0;
  let most = 0;
  await using fixture = await openFixture(
    async (): Promise<ScriptedAnswer> => {
      together += 1;
      most = Math.max(most, together);
      await new Promise((resolve) => setTimeout(resolve, 5));
      together -= 1;
      at += 1;
      return at <= 3 ? { status: 500 } : asks("Basic realm=x")();
    },
    { auth: "basic" },
  );
  await linkMany(fixture, 8);
  expect(most).toBe(1);
  expect(fixture.tim.seen.length).toBe(4);
});

test("a worker that is interrupted while it waits for the first login leaves at once, and the others go on", async () => {
  let open = () => {};
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  await using fixture = await openFixture(async () => {
    await gate;
    return echo();
  });
  const first = fixture.source.link(recording("A"), undefined, never);
  const abort = new AbortController();
  const second = refusal(fixture.source.link(recording("B"), undefined, abort.signal));
  const third = fixture.source.link(recording("C"), undefined, never);
  abort.abort(new DOMException("stop", "AbortError"));
  expect((await second).code).toBe("interrupted");
  open();
  await first;
  expect((await third).url).toContain("token=1");
});

test("umlauts in user and password go out as UTF-8", async () => {
  await using fixture = await openFixture(behindBasic(echo, "Zoë", "pässwörd:日"), {
    user: "Zoë",
    password: "pässwörd:日",
  });
  expect((await fixture.source.link(recording(), undefined, never)).url).toContain("token=1");
});
