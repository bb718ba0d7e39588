import { expect, test } from "vitest";
import { openRingCentral } from "../../../src/sources/ringcentral/index.ts";
import { openFake } from "./fake.ts";
import { leapingClock, never, openWorld, type World } from "./world.ts";

const hour = 3_600_000;
const now = Date.UTC(2026, 9, 15, 12);

const own = (extensionId: string, fields = {}) => ({
  direction: "Inbound",
  startTime: new Date(now - hour).toISOString(),
  to: { phoneNumber: "+1", extensionId, ...fields },
});
const ada = { id: 62, extensionNumber: "101", name: "Ada Admin" };
const support = { id: 63, extensionNumber: "700", name: "Support" };

/** A RingCentral whose log and list of extensions can be changed, and how often it was asked for that list. */
async function openAccount(changes: { users?: boolean } = {}) {
  const clock = leapingClock(now);
  const fake = await openFake({ limit: 1_000_000, windowMs: 60_000 });
  const world = openWorld({ server: fake.origin, mediaServer: fake.origin }, changes, clock);
  const account = {
    clock,
    asked: 0,
    records: [] as object[],
    extensions: [ada, support] as unknown[] | undefined,
    world,
    async [Symbol.asyncDispose]() {
      await world[Symbol.asyncDispose]();
      await fake[Symbol.asyncDispose]();
    },
  };
  fake.settings.answer = ({ path }) => {
    if (path.endsWith("/call-log")) return { body: { records: account.records, navigation: {} } };
    if (!path.endsWith("/extension")) return undefined;
    account.asked += 1;
    const records = account.extensions;
    return records === undefined
      ? { status: 403, body: { errorCode: "CMN-401" } }
      : { body: { records, navigation: {} } };
  };
  return account;
}

/** `extension user` of each recording that one run lists. */
async function listed({ settings, context }: World): Promise<string[]> {
  await using source = openRingCentral(settings, context);
  const found: string[] = [];
  for await (const { rows } of source.list!({ fromMs: now - 24 * hour, toMs: now }, never)) {
    for (const { call } of rows.flatMap((row) => source.recordings(row).refs))
      found.push(`${call.extension} ${call.user}`);
  }
  return found.sort();
}

const record = (id: string, fields: object) => ({
  id,
  sessionId: id,
  duration: 60,
  recording: { id: `401${id}` },
  ...fields,
});

test("says whose the extension is, in legs too, and asks for a list where only the name is missing when names are wanted", async () => {
  await using account = await openAccount({ users: true });
  account.records = [
    record("1", own("62", { extensionNumber: "101" })),
    {
      ...record("2", own("63")),
      recording: undefined,
      legs: [
        null,
        { to: { extensionId: "9" } },
        record("3", own("63")),
        record("4", { extension: { id: 62 }, direction: "Outbound", from: { phoneNumber: "+2" } }),
      ],
    },
  ];
  expect(await listed(account.world)).toEqual(["101 Ada Admin", "101 Ada Admin", "700 Support"]);
  expect(account.asked).toBe(1);
});

test("asks nothing for names that nobody wants", async () => {
  await using account = await openAccount();
  account.records = [record("1", own("62", { extensionNumber: "101" }))];
  expect(await listed(account.world)).toEqual(["101 undefined"]);
  expect(account.asked).toBe(0);
});

test("keeps the list for a day between runs, and reads it again for an extension that is not in it", async () => {
  await using account = await openAccount();
  account.records = [record("1", own("62"))];
  await listed(account.world);
  await listed(account.world);
  expect(account.asked).toBe(1);
  account.records = [record("1", own("62")), record("2", own("64")), record("3", own("65"))];
  account.extensions = [ada, { id: 64, extensionNumber: "102", name: "x".repeat(5000) }];
  expect(await listed(account.world)).toEqual(["101 Ada Admin", "102 undefined", "undefined undefined"]);
  expect(account.asked).toBe(2);
  account.records = [record("1", own("62"))];
  account.clock.advance(25 * hour);
  expect(await listed(account.world)).toEqual(["101 Ada Admin"]);
  expect(account.asked).toBe(3);
});

test("falls back to an older list where none can be had, tells, and forgets it with the login", async () => {
  await using account = await openAccount();
  account.records = [record("1", own("62"))];
  await listed(account.world);
  account.clock.advance(25 * hour);
  account.extensions = undefined;
  expect(await listed(account.world)).toEqual(["101 Ada Admin"]);
  expect(account.world.events).toContainEqual(expect.objectContaining({ event: "notice", level: "info" }));
  await using source = openRingCentral(account.world.settings, account.world.context);
  await source.logout(never);
  expect(await listed(account.world)).toEqual(["undefined undefined"]);
});
