import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { main } from "../../src/cli/program.ts";
import { openRingCentralSandbox } from "../../src/sandbox/ringcentral/index.ts";
import { openTimSandbox } from "../../src/sandbox/tim/index.ts";
import { start, until } from "../helpers/bin.ts";
import { type TestIo, testIo } from "../helpers/test-io.ts";
import { ask, cookieOf, json, openPlayedArchive, type PlayedArchive } from "../player/played-archive.ts";

let played: PlayedArchive;
let home: string;
let env: Record<string, string>;

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), "callreel-serve-"));
  env = { HOME: home, XDG_STATE_HOME: home, XDG_CONFIG_HOME: home, NO_PROXY: "127.0.0.1" };
  played = await openPlayedArchive();
  await played.keep("ringcentral", "4001", { start: "2026-11-03T10:00:00.000Z" });
});
afterEach(async () => {
  await played[Symbol.asyncDispose]();
  rmSync(home, { recursive: true, force: true });
});

const note = () => join(home, "callreel", "player.json");

/** Runs `serve` for as long as `work` takes. */
async function serving(args: readonly string[], io: TestIo, work: (address: string) => Promise<void>): Promise<number> {
  const ended = main(["serve", "--port", "0", ...args], io);
  try {
    await work(await until(() => /^(http\S+)\n/.exec(io.out())?.[1], "the address"));
  } finally {
    io.interrupt();
  }
  return ended;
}

async function outcome(args: readonly string[], input = "") {
  const io = testIo(env, input);
  const code = await main(args, io);
  return { code, out: io.out(), err: io.err() };
}

test("serve prints the address with its key first, plays, tells link where it is, and ends when asked", async () => {
  const io = testIo(env);
  const code = await serving(["-d", played.root], io, async (entrance) => {
    expect(entrance).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/\?key=[\w-]{32}$/);
    const { origin, pathname, search } = new URL(entrance);
    const cookie = cookieOf(await ask(origin, pathname + search));
    expect((await ask(origin, "/r/ringcentral/4001", { headers: { cookie } })).status).toBe(200);
    expect(readFileSync(note(), "utf8")).not.toContain(search.slice(5));
    expect((await outcome(["link", "4001"])).out).toBe(`${origin}/r/ringcentral/4001\n`);
  });
  expect(code).toBe(0);
  expect(existsSync(note())).toBe(false);
  expect(io.out().trim().split("\n")).toHaveLength(1);
});

test("archives named one by one are served together", async () => {
  await using other = await openPlayedArchive();
  await other.keep("tim", "NCS1", { start: "2026-11-04T10:00:00" });
  const running = start(["serve", "--port", "0", played.root, other.root], { env });
  try {
    const { origin, pathname, search } = new URL(
      await until(() => /^(http\S+)\n/.exec(running.out())?.[1], "the address"),
    );
    const cookie = cookieOf(await ask(origin, pathname + search));
    const page = json<{ recordings: { key: string }[] }>(await ask(origin, "/api/recordings", { headers: { cookie } }));
    expect(page.recordings.map(({ key }) => key)).toEqual(["tim/3/4/NCS1", "ringcentral/4001"]);
  } finally {
    running.child.kill("SIGTERM");
  }
  expect((await running.finished).code).toBe(0);
});

test("a recording of RingCentral that the archive misses is fetched with the settings' own login, once", async () => {
  const sandbox = await openRingCentralSandbox();
  try {
    const [recording] = sandbox.recordings();
    const id = recording?.id as string;
    const io = testIo({ ...env, ...sandbox.env });
    await serving(["-d", join(home, "new")], io, async (entrance) => {
      const { origin, pathname, search } = new URL(entrance);
      const cookie = cookieOf(await ask(origin, pathname + search));
      const get = () => ask(origin, `/r/ringcentral/${id}`, { headers: { cookie } });
      const answers = await Promise.all([get(), get(), get()]);
      for (const { status, body } of answers) {
        expect(status).toBe(200);
        expect(body.equals(sandbox.audioOf(id))).toBe(true);
      }
    });
    expect(io.err()).not.toMatch(/Bearer|access_token/);
    const direct = testIo({ ...env, ...sandbox.env });
    expect(await main(["link", "--direct", id], direct)).toBe(0);
    const audio = await fetch(direct.out().trim());
    expect(Buffer.from(await audio.arrayBuffer()).equals(sandbox.audioOf(id))).toBe(true);
    expect(direct.err()).toMatch(/as a password.* stops working at \d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d\d:\d\d/s);
  } finally {
    await sandbox.close();
  }
});

test("a recording of TIM plays by its permanent path, and --direct gives its token URL", async () => {
  const sandbox = await openTimSandbox();
  try {
    const [row] = sandbox.rows();
    const path = ["", "r", "tim", row?.datasource, row?.voicelocation, row?.voicefilename].join("/");
    const io = testIo({ ...env, ...sandbox.env });
    let audio: Buffer = Buffer.alloc(0);
    await serving(["-d", played.root], io, async (entrance) => {
      const { origin, pathname, search } = new URL(entrance);
      const cookie = cookieOf(await ask(origin, pathname + search));
      const answer = await ask(origin, path, { headers: { cookie } });
      expect([answer.status, answer.headers["content-type"]]).toEqual([200, "audio/wav"]);
      audio = answer.body;
    });
    const direct = testIo({ ...env, ...sandbox.env });
    expect(await main(["link", "--direct", path], direct)).toBe(0);
    const got = await fetch(direct.out().trim());
    expect(Buffer.from(await got.arrayBuffer()).equals(audio)).toBe(true);
    expect(direct.err()).toMatch(/as a password.*stops working/s);
    expect(direct.err()).not.toContain(direct.out().trim());
  } finally {
    await sandbox.close();
  }
});

test.each([
  [["--host", "0.0.0.0"], /--users FILE or --login/],
  [["--host", "192.0.2.1", "--users", "USERS"], /--tls-cert and --tls-key, or --behind-proxy/],
  [["--host", "0.0.0.0", "--users", "USERS", "--tls-cert", "c", "--tls-key", "k"], /--player-url/],
  [["--behind-proxy", "--users", "USERS", "--player-url", "http://calls.example"], /https/],
  [["--tls-cert", "c"], /must be given together/],
  [["--tls-cert", "nowhere.pem", "--tls-key", "nowhere.pem"], /nowhere\.pem cannot be read/],
  [["--users", "nowhere"], /nowhere cannot be read.*--add-user/],
  [["--login", "ringcentral"], /--client-id/],
  [["--add-user", "anna"], /--users FILE/],
  [["--users", "USERS", "--add-user", "anna"], /without a terminal/],
])("serve %j is refused with what to do", async (args, why) => {
  const { code, out, err } = await outcome(["serve", "-d", played.root, "--port", "0", ...args]);
  expect([code, out]).toEqual([2, ""]);
  expect(err).toMatch(why);
});

test("an archive that is not there is refused when nothing could fill it", async () => {
  const { code, err } = await outcome(["serve", "-d", join(home, "nothing")]);
  expect(code).toBe(2);
  expect(err).toMatch(/There is no archive/);
});
