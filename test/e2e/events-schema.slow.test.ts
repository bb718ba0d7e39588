import { appendFileSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Ajv2020 } from "ajv/dist/2020.js";
import { expect, it } from "vitest";
import { runHere } from "../helpers/run-here.ts";
import { openRingCentralWorld, quickBudget } from "./ringcentral-world.ts";
import { eventsOf, finishedIn, openTimWorld } from "./tim-world.ts";

type Json = Record<string, unknown>;

const schema = JSON.parse(
  readFileSync(fileURLToPath(new URL("../../src/docs/events.schema.json", import.meta.url)), "utf8"),
) as { readonly oneOf: readonly { readonly $ref: string }[]; readonly $defs: Record<string, Json> };

/** The schema as it is shipped lets new fields in; here each field must stand in it. */
function closed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(closed);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([name, each]) => [name, closed(each)]);
  const isOpen = "properties" in value && !("additionalProperties" in value);
  return Object.fromEntries(isOpen ? [...entries, ["additionalProperties", false]] : entries);
}

const dateTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const ajv = new Ajv2020({ allErrors: true, formats: { "date-time": dateTime }, strictTypes: false });
ajv.addSchema({ ...(closed(schema) as Json), $id: "events" });

/** Holds each line of an output against its event's schema; returns the names of the events. */
function check(out: string): string[] {
  const events = eventsOf(out);
  for (const event of events) {
    const validate = ajv.getSchema(`events#/$defs/${event.event}`);
    if (validate === undefined) throw new Error(`no schema: ${JSON.stringify(event)}`);
    validate(event);
    expect([event, validate.errors ?? []]).toEqual([event, []]);
  }
  return events.map(({ event }) => String(event));
}

it("has every event that the reporters are told, and every one only once", () => {
  const source = readFileSync(fileURLToPath(new URL("../../src/core/model/events.ts", import.meta.url)), "utf8");
  const names = [...source.matchAll(/event: "([a-z-]+)"/g)].map(([, name]) => name as string);
  const untold = ["listing", "found", "recording-progress"];
  const listed = schema.oneOf.map(({ $ref }) => $ref.replace("#/$defs/", ""));
  expect(listed).toEqual(expect.arrayContaining(names.filter((name) => !untold.includes(name))));
  expect(new Set(listed).size).toBe(listed.length);
  const page = readFileSync(fileURLToPath(new URL("../../src/docs/events.md", import.meta.url)), "utf8");
  for (const name of listed) {
    const row = page.split("\n").find((line) => line.startsWith(`| \`${name}\` |`));
    const fields = Object.keys(schema.$defs[name]?.properties as Json).filter(
      (each) => !["event", "time"].includes(each),
    );
    for (const field of fields)
      if (field !== "insist") expect([name, row]).toEqual([name, expect.stringContaining(`\`${field}\``)]);
  }
});

it("fits all that a TIM archive's commands print", async () => {
  await using world = await openTimWorld(20);
  const { tim, csv, archive, env, home } = world;
  const ids = tim.recordings().map(({ voicefilename }) => voicefilename);
  tim.settings.faults = [
    { on: "echo", do: "empty", recording: ids[0] as string, times: 0 },
    { on: "echo", do: "status", status: 503, recording: ids[1] as string, times: 1 },
  ] as never;
  appendFileSync(csv, "\nbroken,row\n");
  const seen = new Set<string>();
  const told = async (...args: string[]) => {
    const { out, err } = await runHere([...args, "-d", archive, "--json"], { env });
    expect(err).not.toContain("bug");
    for (const name of check(out)) seen.add(name);
  };
  await told("download", "--rows", csv, "-n");
  await told("download", "--rows", csv, "-R", "1");
  await told("download", "--rows", csv, "-R", "0");
  const [first = "", second = ""] = finishedIn(archive);
  rmSync(first);
  writeFileSync(second, "damaged");
  await told("verify");
  await told("reconcile", "--rows", csv);
  await told("export", "--bagit", `${home}/bag`, "--from", "2000-01-01");
  const lines = await runHere(["download", "--rows", csv, "-d", archive, "--progress", "json", "--force-overwrites"], {
    env,
  });
  check(lines.err);
  await told("download", "--rows", csv, "--max-downloads", "1", "--force-overwrites");
  await told("reconcile", "--rows", csv, "--direction", "inbound");
  await told("purge", "--before", "2100-01-01");
  await told("purge", "--before", "2100-01-01", "--yes");
  expect([...seen].sort()).toEqual(
    expect.arrayContaining(["dry-run", "finding", "recording-done", "recording-failed"]),
  );
  expect([...seen].sort()).toEqual(
    expect.arrayContaining([
      "purge-file",
      "purge-finished",
      "reconcile-finished",
      "recording-skipped",
      "row-rejected",
      "run-finished",
      "verify-finished",
    ]),
  );
});

it("fits all that a RingCentral archive's commands print", async () => {
  const data = { recordings: 8, days: 3 };
  const voicemail = { forbiddenMailboxes: { every: 3 } };
  await using world = await openRingCentralWorld({ data, settings: { limits: quickBudget(4, 3), voicemail } });
  const { archive, env } = world;
  const seen = new Set<string>();
  const told = async (...args: string[]) => {
    const { out } = await runHere([...args, "-s", "ringcentral", "--from", "30d", "-d", archive, "--json"], { env });
    for (const name of check(out)) seen.add(name);
  };
  await told("download");
  await told("download", "--kinds", "calls,voicemail");
  await told("reconcile");
  expect([...seen]).toEqual(
    expect.arrayContaining([
      "incomplete",
      "listed",
      "recording-started",
      "waiting",
      "run-finished",
      "reconcile-finished",
    ]),
  );
});
