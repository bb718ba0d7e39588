import { asRecordingError } from "../../core/errors.ts";
import type { Api, Json } from "./api.ts";
import { digest, type RingCentralContext, type RingCentralSettings } from "./settings.ts";
import type { State } from "./state.ts";

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
 * Reads the account's list of extensions and keeps it for other runs. What cannot be had is told and taken from the last
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
    const told = `Extensions keep their internal ids: the account's list of them cannot be had. ${message}`;
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

function object(value: unknown): Json | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : undefined;
}
