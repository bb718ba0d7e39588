import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { run, until } from "../helpers/bin.ts";
import { describeOnCeph } from "../helpers/shared-ceph.ts";
import { describeOnPostgres } from "../helpers/shared-postgres.ts";
import { openTerminal } from "../helpers/terminal.ts";
import { openTimWorld, type TimWorld } from "./tim-world.ts";

describeOnCeph("setup of an archive in a bucket of Ceph", { calls: {} }, (ceph) =>
  describeOnPostgres("its ledger in PostgreSQL", (server) => {
    /** A machine on which nothing is set up yet, but for the bucket's keys. */
    const bare = ({ home }: TimWorld) => ({
      PATH: process.env.PATH as string,
      HOME: home,
      XDG_STATE_HOME: join(home, "state"),
      XDG_CONFIG_HOME: join(home, "config"),
      ...ceph.env,
    });
    const settingsFile = ({ home }: TimWorld) => join(home, "config", "callreel", "config.json");
    const ledgerFile = (world: TimWorld) => {
      const path = join(world.home, "db");
      writeFileSync(path, server.password, { mode: 0o600 });
      return ["--ledger", server.url, "--ledger-password-file", path];
    };
    const given = (world: TimWorld) => {
      const { TIM_URL = "", TIM_USERNAME = "", TIM_PASSWORD = "" } = world.env;
      writeFileSync(join(world.home, "tim"), TIM_PASSWORD, { mode: 0o600 });
      const login = ["--tim-url", TIM_URL, "--tim-user", TIM_USERNAME, "--tim-password-file", join(world.home, "tim")];
      return ["setup", "-s", "tim", "--rows", world.csv, ...login];
    };

    test("without a terminal: checked, kept with all that later commands need, and no secret with it", async () => {
      await using world = await openTimWorld(3);
      const place = ["-d", "s3://calls/set", "--s3-endpoint", ceph.endpoint, "--s3-storage-class", "STANDARD"];
      const ended = await run([...given(world), ...place, ...ledgerFile(world)], { env: bare(world) });
      expect([ended.code, ended.err]).toEqual([0, expect.stringMatching(/ok +bucket: [\s\S]*Kept as profile default/)]);
      expect(ended.err).toMatch(/ok +ledger: postgres:/);
      expect(ended.err).toContain("looked for anew by each command: the bucket's keys.");
      const kept = readFileSync(settingsFile(world), "utf8");
      for (const secret of [server.password, ...Object.values(ceph.env)]) expect(kept).not.toContain(secret);
      const done = await run(["download", "-s", "tim", "--rows", world.csv], { env: bare(world) });
      expect([done.code, done.err]).toEqual([0, expect.stringContaining("Done in")]);
      const listing = await (await ceph.send("GET", "calls?list-type=2&prefix=set/tim")).text();
      expect(listing.match(/<Key>/g)).toHaveLength(3);
      expect((await run(["verify"], { env: bare(world) })).code).toBe(0);
      await server.run("DROP SCHEMA callreel CASCADE");
    });

    test.each<[string, number, string, (world: TimWorld) => readonly string[]]>([
      [
        "a bucket that is not there",
        2,
        "there is no bucket nowhere there",
        () => ["-d", "s3://nowhere/x", "--s3-endpoint", ceph.endpoint],
      ],
      ["a database that is not there", 5, "FAILED", () => ["--ledger", "postgres://callreel@127.0.0.1:1/calls"]],
      [
        "a wrong password",
        7,
        "FAILED",
        ({ home }) => ["--ledger", server.url, "--ledger-password-file", join(home, "tim")],
      ],
    ])("keeps nothing with %s", async (_, code, says, more) => {
      await using world = await openTimWorld(1);
      const ended = await run([...given(world), ...more(world)], { env: bare(world) });
      expect([ended.code, ended.err]).toEqual([code, expect.stringContaining(says)]);
      expect([existsSync(settingsFile(world)), ended.err]).toEqual([
        false,
        expect.stringContaining("Nothing was kept."),
      ]);
    });

    test("keeps the ledger's address without the password that the environment has in it", async () => {
      await using world = await openTimWorld(1);
      const address = server.url.replace("callreel@", `callreel:${encodeURIComponent(server.password)}@`);
      const env = { ...bare(world), CALLREEL_LEDGER: address };
      const ended = await run([...given(world), "-d", join(world.home, "calls")], { env });
      expect([ended.code, ended.err]).toEqual([0, expect.stringContaining("each command: the ledger's password.")]);
      expect(JSON.parse(readFileSync(settingsFile(world), "utf8"))).toMatchObject({
        profiles: { default: { ledger: server.url } },
      });
    });

    test("leads a person through it, corrected where it was wrong", async ({ skip }) => {
      await using world = await openTimWorld(2);
      const { TIM_URL = "", TIM_USERNAME = "", TIM_PASSWORD = "" } = world.env;
      const env = { ...bare(world), CALLREEL_LEDGER_PASSWORD: "wrong" };
      using terminal = openTerminal(["setup", "-s", "tim"], env, skip);
      await terminal.answer("Name of the profile", "");
      await terminal.answer("TIM's address", TIM_URL);
      await terminal.answer("TIM web user", TIM_USERNAME);
      await terminal.answer("Password, not shown", TIM_PASSWORD);
      await terminal.answer("Folder for the recordings", "gs://calls");
      await terminal.answer("Folder for the recordings", "s3://calls/guided/", 2);
      await terminal.answer("The bucket's server", ceph.endpoint);
      await terminal.answer("The bucket's region", "");
      await terminal.answer("Its ledger", server.url.replace("callreel@", "callreel:secret@"));
      await terminal.answer("Its ledger", server.url, 2);
      await terminal.answer("A row to try", "");
      await terminal.answer("nothing is kept yet", "correct");
      for (const [question, times] of [
        ["TIM's address", 2],
        ["TIM web user", 2],
        ["Password, not shown", 2],
        ["Folder for the recordings", 3],
        ["The bucket's server", 2],
        ["The bucket's region", 2],
      ] as const)
        await terminal.answer(question, "", times);
      await terminal.answer("Its ledger", join(world.home, "ledger.db"), 3);
      await terminal.answer("A row to try", "", 2);
      await until(terminal.ended, "the end").catch(terminal.explain);
      const shown = terminal.lines().join("\n");
      expect([terminal.code(), shown]).toEqual([
        0,
        expect.stringMatching(/ok +bucket: [\s\S]*callreel download -s tim/),
      ]);
      expect(shown).toContain("there is no gs://");
      expect(shown).toContain("Leave the password out");
      expect(JSON.parse(readFileSync(settingsFile(world), "utf8"))).toMatchObject({
        profiles: {
          default: {
            dest: "s3://calls/guided",
            "s3-endpoint": ceph.endpoint,
            "s3-region": "us-east-1",
            ledger: join(world.home, "ledger.db"),
          },
        },
      });
    });
  }),
);
