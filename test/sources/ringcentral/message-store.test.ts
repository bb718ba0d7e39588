import { expect, test } from "vitest";
import type { Api, Json } from "../../../src/sources/ringcentral/api.ts";
import type { RingCentralSettings } from "../../../src/sources/ringcentral/settings.ts";
import { listMailboxes } from "../../../src/sources/ringcentral/voicemail/mailboxes.ts";
import { listMailbox } from "../../../src/sources/ringcentral/voicemail/message-store.ts";

const server = "https://platform.ringcentral.com";
const settings = { server } as RingCentralSettings;
const mailbox = { id: "62", number: "101" };
const never = new AbortController().signal;
const at = Date.parse("2026-10-02T09:00:00Z");
const message = (id: number) => ({ id, type: "VoiceMail", creationTime: new Date(at - id).toISOString() });

/** Answers with the page that is asked for, of the list as it stands at that time. */
function apiOver(pageOf: (page: number, url: URL) => Json): Api & { readonly asked: URL[] } {
  const asked: URL[] = [];
  return {
    asked,
    async get(_kind, address, read) {
      const url = new URL(address);
      asked.push(url);
      return read(pageOf(Number(url.searchParams.get("page")), url));
    },
    bytes: nothingElse,
    post: nothingElse,
  };
}

function nothingElse(): Promise<never> {
  return Promise.reject(new Error("nothing else is asked for"));
}

function paged(list: readonly object[], page: number, url: URL, perPage: number, totals: boolean): Json {
  const more = page * perPage < list.length;
  const next = new URL(url);
  next.searchParams.set("page", String(page + 1));
  const told = totals ? { totalPages: Math.ceil(list.length / perPage), totalElements: list.length } : {};
  return {
    records: list.slice((page - 1) * perPage, page * perPage),
    paging: { page, perPage, ...told },
    navigation: more ? { nextPage: { uri: next.href } } : {},
  };
}

async function idsOf(api: Api): Promise<ReadonlySet<unknown>> {
  const ids = new Set<unknown>();
  const window = { fromMs: at - 1000, toMs: at + 1000 };
  for await (const { rows } of listMailbox({ settings, api }, mailbox, window, never)) {
    for (const { fields } of rows) ids.add(fields.id);
  }
  return ids;
}

test.each([true, false])("a list that shifts while it is read is read again (totals: %s)", async (totals) => {
  let list = [1, 2, 3, 4, 5, 6].map(message);
  let vanished = false;
  const api = apiOver((page, url) => {
    const answer = paged(list, page, url, 2, totals);
    // The first one goes once it was read: what follows moves up, and one would be skipped.
    if (!vanished) list = list.slice(1);
    vanished = true;
    return answer;
  });
  expect([...(await idsOf(api))].sort()).toEqual([1, 2, 3, 4, 5, 6]);
});

test("a list that never comes to rest is no short list, and one page is read once", async () => {
  let next = 10;
  const restless = apiOver((page, url) => paged([message(next++), message(next++), message(1)], page, url, 2, false));
  await expect(idsOf(restless)).rejects.toMatchObject({
    code: "bad-answer",
    message: expect.stringMatching(/message store/),
  });
  const still = apiOver((page, url) => paged([message(1), message(2)], page, url, 2, false));
  expect([(await idsOf(still)).size, still.asked.length]).toEqual([2, 1]);
  const { searchParams } = still.asked[0] as URL;
  expect(searchParams.getAll("availability")).toEqual(["Alive", "Deleted", "Purged"]);
  expect([searchParams.get("messageType"), searchParams.get("dateFrom")]).toEqual([
    "VoiceMail",
    "2026-10-02T08:59:59.000Z",
  ]);
});

test("other messages are no voicemail, entries that are none are rejected, and what RingCentral adds to the second is left out", async () => {
  const records = [
    message(1),
    { ...message(2), type: "Fax" },
    null,
    { ...message(3), creationTime: "2026-10-02T08:59:58.500Z" },
  ];
  const api = apiOver(() => ({ records, paging: { page: 1, totalPages: 1 } }));
  const batches = [];
  for await (const batch of listMailbox({ settings, api }, mailbox, { fromMs: at - 1000, toMs: at + 1 }, never))
    batches.push(batch);
  expect(batches).toMatchObject([{ rows: [{ fields: { id: 1, mailbox } }], rejected: [{ file: "message-store" }] }]);
  expect(batches[0]?.rows).toHaveLength(1);
});

test("every extension has a mailbox, what may lack one is marked, and one without an id is no end of the list", async () => {
  const extensions = [
    { id: 61, extensionNumber: "100", name: "Ada", type: "User", status: "Enabled" },
    { id: "62", extensionNumber: "700", type: "Department" },
    { id: 63, type: "IvrMenu" },
    { id: 64, type: "User", status: "Unassigned" },
  ];
  const api = apiOver((page, url) => paged(extensions, page, url, 3, true));
  expect(await listMailboxes({ settings, api }, never)).toEqual([
    { id: "61", number: "100", name: "Ada" },
    { id: "62", number: "700" },
    { id: "63", mayLack: true },
    { id: "64", mayLack: true },
  ]);
  const broken = apiOver((page, url) => paged([...extensions, { name: "Nobody" }], page, url, 9, true));
  await expect(listMailboxes({ settings, api: broken }, never)).rejects.toMatchObject({ code: "bad-answer" });
});
