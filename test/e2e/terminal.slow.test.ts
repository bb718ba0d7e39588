import { describe, expect, it } from "vitest";
import { run, until } from "../helpers/bin.ts";
import { openTerminal } from "../helpers/terminal.ts";
import { openTimWorld } from "./tim-world.ts";

describe("in a terminal of 80 columns and 24 rows", () => {
  it("a download shows bars through a resize, ends with 130 at Ctrl-C, leaves a clean screen, and the next one completes", async ({
    skip,
  }) => {
    await using world = await openTimWorld(200, { echo: { bytesPerSecond: 250_000 } });
    const { tim, env, csv, archive } = world;
    using terminal = openTerminal(["download", "--rows", csv, "-d", archive], env, skip);
    const bars = () => terminal.screen().filter((line) => /\d+\/180\b/.test(line));
    await until(() => bars().length === 1 && world.held().size > 2, "bars").catch(terminal.explain);
    // It goes on for as long as the test looks at it.
    tim.settings.echo.bytesPerSecond = 1_000;
    for (const [columns, rows] of [
      [50, 12],
      [120, 30],
      [80, 24],
    ] as const) {
      terminal.resize(columns, rows);
      // Past several frames: a wrong count of lines would have left copies by now, which stay.
      await new Promise((resolve) => setTimeout(resolve, 600));
      await until(() => bars().length === 1, `one bar in ${columns} columns`).catch(terminal.explain);
    }
    terminal.key("C-c");
    await until(terminal.ended, "the end").catch(terminal.explain);
    expect([terminal.code(), bars()]).toEqual([130, []]);
    const lines = terminal.screen().filter((line) => line !== "");
    expect(lines.filter((line) => /[█░]/.test(line))).toEqual([]);
    expect(lines.join("\n")).toMatch(/^Interrupted after .*\n[\s\S]*run the same command again to continue/m);
    tim.settings.echo.bytesPerSecond = 0;
    expect((await run(["download", "--rows", csv, "-d", archive], { env })).code).toBe(0);
    expect(world.held().size).toBe(tim.recordings().length);
  });

  it("no audio is written onto it", async ({ skip }) => {
    await using world = await openTimWorld(3);
    const call = world.tim.recordings()[0] as { datasource: string; voicelocation: string; voicefilename: string };
    const path = `/r/tim/${call.datasource}/${call.voicelocation}/${call.voicefilename}`;
    using terminal = openTerminal(["download", path, "-o", "-"], world.env, skip);
    await until(terminal.ended, "the end").catch(terminal.explain);
    expect([terminal.code(), terminal.lines().join(" ")]).toEqual([2, expect.stringMatching(/terminal/)]);
    expect(world.tim.stats().requests.echo).toBe(0);
  });

  it("auth login asks for what is missing, shows no letter of the password, and remembers the login", async ({
    skip,
  }) => {
    await using world = await openTimWorld(3);
    const { TIM_URL = "", TIM_USERNAME = "", TIM_PASSWORD = "", ...env } = world.env;
    using terminal = openTerminal(["auth", "login", "tim"], env, skip);
    for (const [question, answer] of [
      ["address", TIM_URL],
      ["user", TIM_USERNAME],
      ["Password", TIM_PASSWORD],
    ] as const) {
      await until(() => terminal.lines().join("\n").includes(question), question).catch(terminal.explain);
      terminal.type(answer);
      terminal.key("Enter");
    }
    await until(terminal.ended, "the end").catch(terminal.explain);
    expect([terminal.code(), terminal.lines().join("\n").includes(TIM_PASSWORD)]).toEqual([0, false]);
    expect((await run(["download", "-s", "tim", "--rows", world.csv, "-d", world.archive], { env })).code).toBe(0);
  });
});
