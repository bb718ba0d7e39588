import type { Json } from "./api.ts";
import { type ExtensionList, keptExtensions, type ListWorld, readExtensions } from "./extension-list.ts";

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
 * a new one, once, for an extension that is not in that. Without the permission for it, or while it cannot be had, records
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
