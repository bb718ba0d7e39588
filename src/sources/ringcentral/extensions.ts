import { asRecordingError } from "../../core/errors.ts";
import type { Api, Json } from "./api.ts";
import type { RingCentralContext, RingCentralSettings } from "./settings.ts";

/** The account's extensions, by their internal ids. */
export interface Extensions {
  /** The record with its own party's extension number, which RingCentral fills for internal calls only. */
  completed(record: Json, signal: AbortSignal): Promise<Json>;
}

const perPage = 1000;
const mostPages = 100;

/**
 * Reads the account's list of extensions once, and only when a record asks for it. Without the permission for it, or while
 * it cannot be had, records stay as they are.
 */
export function openExtensions(world: {
  readonly settings: RingCentralSettings;
  readonly context: RingCentralContext;
  readonly api: Api;
}): Extensions {
  let numbers: Promise<ReadonlyMap<string, string>> | undefined;
  return {
    async completed(record, signal) {
      const side = record.direction === "Inbound" ? "to" : "from";
      const party = object(record[side]) ?? {};
      const id = party.extensionId ?? object(record.extension)?.id;
      if (party.extensionNumber !== undefined || id === undefined) return record;
      numbers ??= readNumbers(world, signal);
      const extensionNumber = (await numbers).get(String(id));
      return extensionNumber === undefined ? record : { ...record, [side]: { ...party, extensionNumber } };
    },
  };
}

async function readNumbers(
  { settings, context, api }: Parameters<typeof openExtensions>[0],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const numbers = new Map<string, string>();
  const account = encodeURIComponent(settings.account ?? "~");
  const base = `${settings.server}/restapi/v1.0/account/${account}/extension?perPage=${perPage}`;
  try {
    for (let page = 1; page <= mostPages; page++) {
      const { records, navigation } = await api.get(
        "extension-list",
        `${base}&page=${page}`,
        (answer) => answer,
        signal,
      );
      for (const entry of Array.isArray(records) ? records : []) {
        const { id, extensionNumber: number } = object(entry) ?? {};
        if (id !== undefined && typeof number === "string" && number !== "") numbers.set(String(id), number);
      }
      if (object(object(navigation)?.nextPage) === undefined) break;
    }
  } catch (error) {
    signal.throwIfAborted();
    const { message } = asRecordingError(error);
    const told = `Extensions keep their internal ids: the account's list of them cannot be had. ${message}`;
    context.report({ event: "notice", level: "info", message: told });
  }
  return numbers;
}

function object(value: unknown): Json | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : undefined;
}
