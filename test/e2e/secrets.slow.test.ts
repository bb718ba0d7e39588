import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { start } from "../helpers/bin.ts";
import { openRingCentralWorld, quickBudget } from "./ringcentral-world.ts";
import { openTimWorld } from "./tim-world.ts";

const loud = (home: string) => ["-vv", "--log-file", join(home, "log"), "--log-format", "json", "--json"];

describe("no secret shows in any output, file or process list", () => {
  it("of RingCentral: client secret, JWT and every token ever given", async () => {
    await using world = await openRingCentralWorld({ settings: { limits: quickBudget(200) } });
    const { rc, home, archive, env } = world;
    const said: string[] = [];
    const window = ["-s", "ringcentral", "--from", "60d"];
    const bad = { ...env, RC_USER_JWT: `${env.RC_USER_JWT}x` };
    for (const [args, change, code] of [
      [
        [
          "download",
          ...window,
          "-d",
          archive,
          ...loud(home),
          "--write-info-json",
          "--error-file",
          join(home, "failed"),
        ],
        env,
        0,
      ],
      [["list", ...window, ...loud(home)], env, 0],
      [["doctor", ...window, "-d", archive, ...loud(home)], env, 0],
      [["auth", "status", "ringcentral", ...loud(home)], env, 0],
      [["config", "list"], env, 0],
      [["status", "-d", archive], env, 0],
      [["download", ...window, "-d", archive, ...loud(home)], { ...bad, XDG_STATE_HOME: join(home, "state2") }, 7],
    ] as const)
      said.push(await told(args, change, code));
    // Proves that the search works: the login's own store does hold the living token.
    const stored = readdirSync(join(home, "state"), { recursive: true, encoding: "utf8" }).map((name) =>
      join(home, "state", name),
    );
    expect(stored.some((path) => statSync(path).isFile() && rc.sessions.mentioned(readFileSync(path, "latin1")))).toBe(
      true,
    );
    const secrets = [env.RC_APP_CLIENT_SECRET, env.RC_USER_JWT] as string[];
    expectNone((text) => rc.sessions.mentioned(text) || mentions(text, secrets), said, home, /^state\d?\//);
  });

  it("of TIM: password, Authorization header and the query of every token URL", async () => {
    await using world = await openTimWorld(12);
    const { tim, home, archive, csv, env } = world;
    tim.settings.faults = [
      { on: "echo", do: "html", recording: tim.recordings()[0]?.voicefilename as string, times: 0 },
    ];
    const said: string[] = [];
    const rows = ["--rows", csv];
    const bad = { ...env, TIM_PASSWORD: "wrong-password-7361" };
    for (const [args, change, code] of [
      [["download", ...rows, "-d", archive, "-R", "1", ...loud(home), "--error-file", join(home, "failed")], env, 3],
      [["list", ...rows, ...loud(home)], env, 0],
      [["doctor", "-s", "tim", "-d", archive, ...loud(home)], env, 0],
      [["auth", "status", "tim", ...loud(home)], env, 0],
      [["config", "list"], env, 0],
      [["status", "-d", archive], env, 0],
      [["auth", "status", "tim", ...loud(home)], bad, 7],
      [["download", ...rows, "-d", archive, "--force-overwrites", ...loud(home)], bad, 7],
    ] as const)
      said.push(await told(args, change, code));
    const basic = Buffer.from(`${env.TIM_USERNAME}:${env.TIM_PASSWORD}`).toString("base64");
    const secrets = [env.TIM_PASSWORD, bad.TIM_PASSWORD, basic, "token=", "salt="] as string[];
    expect(tim.stats().requests.echo).toBeGreaterThan(tim.recordings().length);
    expectNone((text) => mentions(text, secrets), said, home, /^state\//);
  });
});

/** Everything a command writes to its streams, with its command line as the process list shows it. */
async function told(args: readonly string[], env: Record<string, string>, code: number): Promise<string> {
  const running = start(args, { env });
  const seen = readFileSync(`/proc/${running.child.pid}/cmdline`, "utf8");
  const finished = await running.finished;
  expect([args.slice(0, 2), finished.code, finished.err]).toEqual([args.slice(0, 2), code, expect.anything()]);
  return seen + finished.out + finished.err;
}

function mentions(text: string, secrets: readonly string[]): boolean {
  return secrets.some((secret) => text.includes(secret));
}

/** Searches outputs, files and file names; the login's own store may hold tokens, but for its owner alone. */
function expectNone(tells: (text: string) => boolean, said: readonly string[], home: string, store: RegExp): void {
  expect(said.map(tells)).toEqual(said.map(() => false));
  const files = readdirSync(home, { recursive: true, encoding: "utf8" });
  expect(tells(files.join("\n"))).toBe(false);
  expect(files).toContain("log");
  for (const name of files) {
    const path = join(home, name);
    if (!statSync(path).isFile()) continue;
    if (store.test(name)) expect([name, statSync(path).mode & 0o077]).toEqual([name, 0]);
    else expect([name, tells(readFileSync(path, "latin1"))]).toEqual([name, false]);
  }
}
