import { expect, test } from "vitest";
import { run, start, until } from "../helpers/bin.ts";
import { describeOnPostgres } from "../helpers/shared-postgres.ts";
import { ask, cookieOf, json } from "../player/played-archive.ts";
import { eventsOf, openTimWorld } from "./tim-world.ts";

describeOnPostgres("the player over a ledger in PostgreSQL", (server) => {
  test("lists, finds, plays to those who may, fetches what is missing, and notes who listened", async () => {
    await using world = await openTimWorld(8);
    const { tim, csv, archive } = world;
    const env = { ...world.env, CALLREEL_LEDGER: server.url, CALLREEL_LEDGER_PASSWORD: server.password };
    const [missing] = tim.recordings().map(({ voicefilename }) => voicefilename);
    tim.settings.faults = [{ on: "tim", do: "html", recording: missing!, times: 0 }];
    const source = ["-s", "tim", "--rows", csv, "-d", archive];
    expect((await run(["download", ...source], { env })).code).toBe(3);
    tim.settings.faults = [];
    const held = eventsOf((await run(["list", "--archive", "--json", "-d", archive], { env })).out);
    const wrong = await run(["serve", "--port", "0", "-d", archive, "-o", "{id}.{ext}"], { env });
    expect([wrong.code, wrong.out]).toEqual([2, ""]);

    const player = start(["serve", "--port", "0", "-d", archive], { env });
    const entrance = await until(() => /^(http\S+)\n/.exec(player.out())?.[1], "the address");
    const { origin, pathname, search } = new URL(entrance);
    const cookie = cookieOf(await ask(origin, pathname + search));
    const list = async (query: string) => {
      const answer = await ask(origin, `/api/recordings?${query}`, { headers: { cookie } });
      return json<{ recordings: { key: string; missing?: true }[] }>(answer).recordings;
    };
    expect((await list("")).map(({ key }) => key).sort()).toEqual(held.map(({ key }) => key).sort());
    expect((await list(`text=${String(held[0]?.id)}`)).map(({ key }) => key)).toEqual([held[0]?.key]);
    expect(await list("text=nobody-has-this")).toEqual([]);
    expect((await list("where=all")).filter((each) => each.missing)).toHaveLength(1);
    expect((await ask(origin, `/r/${held[0]?.key}`)).status).toBe(401);
    const part = await ask(origin, `/r/${held[0]?.key}`, { headers: { cookie, range: "bytes=0-3" } });
    expect([part.status, part.body.toString()]).toEqual([206, "RIFF"]);
    const wanted = (await list("where=all")).find((each) => each.missing)!;
    const fetched = await ask(origin, `/r/${wanted.key}`, { headers: { cookie } });
    expect(fetched.status).toBe(200);
    await until(() => world.held().has(missing!), "the file that was missing");
    player.child.kill("SIGTERM");
    expect((await player.finished).code).toBe(0);
    const audit = await run(["audit", "--action", "playback", "--json", "-d", archive], { env });
    expect(eventsOf(audit.out).map(({ key }) => key)).toEqual([held[0]?.key, wanted.key]);
    expect((await run(["verify", "-d", archive], { env })).code).toBe(0);
  });
});
