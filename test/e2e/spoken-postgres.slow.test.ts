import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { runHere } from "../helpers/run-here.ts";
import { describeOnPostgres } from "../helpers/shared-postgres.ts";
import { eventsOf, finishedIn } from "./tim-world.ts";
import { keyOf, openVoicemailWorld } from "./voicemail-world.ts";

interface Vcon {
  readonly parties: readonly { readonly tel?: string }[];
  readonly dialog: readonly { readonly duration: number; readonly content_hash: string }[];
  readonly analysis: readonly { readonly dialog: number; readonly body: string; readonly vendor: string }[];
}

/** Fails for a table of the ledger with a row that says any of it. */
const refusing = (words: string) => `DO $$ DECLARE each record; found int; BEGIN
  FOR each IN SELECT tablename FROM pg_tables WHERE schemaname = 'callreel' LOOP
    EXECUTE format('SELECT count(*) FROM callreel.%I t WHERE t::text ~* %L', each.tablename, '${words}') INTO found;
    IF found > 0 THEN RAISE EXCEPTION '% still has %', each.tablename, '${words}'; END IF;
  END LOOP; END $$`;

describeOnPostgres("voicemail and insights with a ledger in PostgreSQL", (server) => {
  test("are found by their words, go into vCons, and a purge leaves nothing of them", async () => {
    await using world = await openVoicemailWorld({ voicemails: 2 });
    const { rc, archive, home } = world;
    const env = { ...world.env, CALLREEL_LEDGER: server.url, CALLREEL_LEDGER_PASSWORD: server.password };
    const callreel = (...args: string[]) => runHere([...args, "-d", archive], { env });
    const asked = ["-s", "ringcentral", "--since", "last", "--kinds", "calls,voicemail", "--insights"];
    expect(await callreel("download", ...asked)).toMatchObject({
      code: 0,
      err: expect.stringContaining("Insights of 2 recordings"),
    });
    expect(await callreel("download", ...asked)).toMatchObject({ code: 0 });
    expect(rc.events.all().filter((event) => "route" in event && event.route === "insights")).toHaveLength(2);
    const found = async (text: string) =>
      eventsOf((await callreel("list", "--archive", "--text", text, "--json")).out).map(({ key }) => String(key));
    const message = rc.voicemail.all().find(({ text }) => text.includes("invoice"))!;
    expect(await found("the INVOICE")).toEqual([keyOf(message)]);
    expect(await found("ferry ticket")).toHaveLength(2);

    const vcons = join(home, "vcons");
    expect((await callreel("export", keyOf(message), "--vcon", vcons)).code).toBe(0);
    const [path = ""] = readdirSync(vcons);
    const vcon = JSON.parse(readFileSync(join(vcons, path), "utf8")) as Vcon;
    expect(vcon.parties.map(({ tel }) => tel)).toContain(message.phone);
    expect(vcon.dialog).toMatchObject([
      { content_hash: expect.stringMatching(/^sha512-/), duration: expect.any(Number) },
    ]);
    expect(vcon.analysis).toMatchObject([{ dialog: 0, body: message.text, vendor: "unknown" }]);

    expect((await callreel("verify")).code).toBe(0);
    const keys = eventsOf((await callreel("list", "--archive", "--json")).out).map(({ key }) => String(key));
    expect((await callreel("purge", ...keys, "--yes")).code).toBe(0);
    expect(existsSync(archive) ? finishedIn(archive) : []).toEqual([]);
    expect(await found("ferry")).toEqual([]);
    await server.run(refusing(`invoice|ferry|${(message.phone as string).slice(1)}`));
  });
});
