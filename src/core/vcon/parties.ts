import type { Call } from "../model/recording.ts";

/** A Party Object of a vCon. */
export interface Party {
  tel?: string;
  name?: string;
  /** How the name was made sure of; a vCon with a name should tell. */
  validation?: "none";
}

export interface CallParties {
  readonly parties: readonly Party[];
  /** For each leg the places of those who spoke in it, the caller first. */
  readonly ofLegs: readonly (readonly number[])[];
}

/** Who spoke in the legs of a call, each once: told by number, else by name. Nobody is made up where neither is known. */
export function partiesOf(legs: readonly Call[]): CallParties {
  const parties: Party[] = [];
  const known = new Map<string, number>();
  const placeOf = ({ tel, name }: Party): number | undefined => {
    const mark = tel ?? name;
    if (mark === undefined) return undefined;
    const place = known.get(mark) ?? parties.length;
    known.set(mark, place);
    const party = parties[place] ?? {};
    if (tel !== undefined) party.tel = tel;
    if (name !== undefined && party.name === undefined) {
      party.name = name;
      party.validation = "none";
    }
    parties[place] = party;
    return place;
  };
  const ofLegs = legs.map((call) => sidesOf(call).flatMap((side) => placeOf(side) ?? []));
  return { parties, ofLegs };
}

/** Caller and callee; the name is that of the side here, as the player shows it. */
function sidesOf({ from, to, direction, user, name }: Call): readonly [Party, Party] {
  const own = user ?? name;
  const isOwnCallee = direction === "inbound";
  return [partyOf(from, isOwnCallee ? undefined : own), partyOf(to, isOwnCallee ? own : undefined)];
}

/** What is no number (`Anonymous`) is a name. */
function partyOf(number: string | undefined, name: string | undefined): Party {
  const tel = number?.replace(/[\s().\-/]/g, "");
  const isTel = tel !== undefined && /^\+?[\d*#]{1,40}$/.test(tel);
  const words = name ?? (isTel || number === "" ? undefined : number);
  return { ...(isTel && { tel }), ...(words !== undefined && words !== "" && { name: words }) };
}
