import { asRecordingError } from "../../../core/model/errors.ts";
import type { Api, Json } from "../api.ts";
import { digest, type RingCentralContext, type RingCentralSettings } from "../settings.ts";
import type { State } from "../state.ts";

/** The account's extensions, by their internal ids. */
export interface Extensions {
  /**
   * The record with what RingCentral does not always tell of the own party, in it and in its legs: the extension's number
   * (there for internal calls only), and as `extensionName` whose it is, a person's or a queue's.
   */
  completed(record: Json, signal: AbortSignal): Promise<Json>;
}

/**
 * Takes the account's list of extensions only when a record asks for it: the one kept from an earlier run within a day, and
 * a new one, once, for an extension that is not in that. Without the permission for it, or while it could not be read, records
 * stay as they are.
 */
export function openExtensions(world: ListWorld): Extensions {
  let kept = true;
  let list: Promise<ExtensionList> | undefined;
  const read = (signal: AbortSignal) => {
    kept = false;
    return readExtensions(world, signal);
  };

  async function find(id: string, signal: AbortSignal) {
    list ??= Promise.resolve(keptExtensions(world) ?? read(signal));
    if (kept && !(await list).has(id)) list = read(signal);
    return (await list).get(id);
  }

  async function part(part: Json, direction: unknown, signal: AbortSignal): Promise<Json> {
    const side = direction === "Inbound" ? "to" : "from";
    const party = object(part[side]) ?? {};
    const id = party.extensionId ?? object(part.extension)?.id;
    if (id === undefined || (party.extensionNumber !== undefined && !world.settings.users)) return part;
    const { number, name } = (await find(String(id), signal)) ?? {};
    const told = {
      ...(number === undefined ? {} : { extensionNumber: number }),
      ...(name === undefined ? {} : { extensionName: name }),
    };
    return { ...part, [side]: { ...told, ...party } };
  }

  return {
    async completed(record, signal) {
      const whole = await part(record, record.direction, signal);
      if (!Array.isArray(record.legs)) return whole;
      const legs: unknown[] = [];
      for (const given of record.legs as unknown[]) {
        const leg = object(given);
        const recorded = object(leg?.recording) !== undefined;
        legs.push(leg === undefined || !recorded ? given : await part(leg, leg.direction ?? record.direction, signal));
      }
      return { ...whole, legs };
    },
  };
}

function object(value: unknown): Json | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : undefined;
}

/** What the account says of one extension: of a person's, or of a call queue's. */
export interface Extension {
  readonly number?: string;
  readonly name?: string;
}

/** Extensions by their internal ids. */
export type ExtensionList = ReadonlyMap<string, Extension>;

export interface ListWorld {
  readonly settings: RingCentralSettings;
  readonly context: RingCentralContext;
  readonly api: Api;
  readonly state: State;
  /** The login whose account this is; a list is kept for each. */
  readonly credential: string | undefined;
}

const perPage = 1000;
const mostPages = 100;
const dayMs = 86_400_000;
const longestText = 200;

/** The list that a run read within the last day, or undefined. */
export function keptExtensions(world: ListWorld): ExtensionList | undefined {
  const kept = parsed(world.state.read(nameOf(world)));
  const ageMs = world.context.clock.now() - (kept?.atMs ?? Number.NaN);
  return kept !== undefined && ageMs >= 0 && ageMs < dayMs ? kept.list : undefined;
}

/**
 * Reads the account's list of extensions and keeps it for other runs. What could not be read is told and taken from the last
 * list, however old; a list that broke off is not kept.
 */
export async function readExtensions(world: ListWorld, signal: AbortSignal): Promise<ExtensionList> {
  const list = new Map<string, Extension>();
  try {
    for (let page = 1; page <= mostPages; page++) if (!(await readPage(world, page, list, signal))) break;
    keep(world, list);
  } catch (error) {
    signal.throwIfAborted();
    const { message } = asRecordingError(error);
    const told = `Extensions keep their internal ids: the account's list of them could not be read. ${message}`;
    world.context.report({ event: "notice", level: "info", message: told });
    for (const [id, extension] of parsed(world.state.read(nameOf(world)))?.list ?? []) {
      if (!list.has(id)) list.set(id, extension);
    }
  }
  return list;
}

/** Forgets the list: it has people's names. */
export function forgetExtensions(world: Pick<ListWorld, "settings" | "state" | "credential">): void {
  world.state.update(nameOf(world), () => ({ text: null, result: undefined }));
}

/** Whether there is another page. */
async function readPage(
  { settings, api }: ListWorld,
  page: number,
  list: Map<string, Extension>,
  signal: AbortSignal,
): Promise<boolean> {
  const account = encodeURIComponent(settings.account ?? "~");
  const url = `${settings.server}/restapi/v1.0/account/${account}/extension?perPage=${perPage}&page=${page}`;
  const { records, navigation } = await api.get("extension-list", url, (answer) => answer, signal);
  for (const entry of Array.isArray(records) ? records : []) {
    const { id, extensionNumber, name } = object(entry) ?? {};
    if (id !== undefined) list.set(String(id), extensionOf(extensionNumber, name));
  }
  return object(object(navigation)?.nextPage) !== undefined;
}

function keep(world: ListWorld, list: ExtensionList): void {
  const text = JSON.stringify({ atMs: world.context.clock.now(), list: [...list] });
  world.state.update(nameOf(world), () => ({ text, result: undefined }));
}

function nameOf({ settings, credential }: Pick<ListWorld, "settings" | "credential">): string {
  return `extensions:${digest([credential ?? settings.clientId, settings.account ?? "~"].join("\n"))}`;
}

function parsed(text: string | undefined): { readonly atMs: number; readonly list: ExtensionList } | undefined {
  try {
    const { atMs, list } = JSON.parse(text ?? "{}") as { atMs?: unknown; list?: unknown };
    if (typeof atMs !== "number" || !Array.isArray(list)) return undefined;
    return { atMs, list: new Map(list as [string, Extension][]) };
  } catch {
    return undefined;
  }
}

function extensionOf(number: unknown, name: unknown): Extension {
  return {
    ...(isText(number) ? { number } : {}),
    ...(isText(name) ? { name } : {}),
  };
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "" && value.length <= longestText;
}
