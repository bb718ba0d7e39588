import { monthOf } from "./month-names.ts";

/** A time of day that was cut out of a text, and what is left of that. */
export interface CutTime {
  readonly rest: string;
  /** `09:03:07` or `09:03:07.123`; midnight where the text has none. */
  readonly time: string;
  /** `Z`, `+02:00`, or empty where the text has no zone. */
  readonly zone: string;
}

/** What stands for the half of the day, in the words of many languages, right behind a time. */
const behind = {
  am: halfBehind(String.raw`a\.?\s?m\.?|vorm\.?|vm\.|오전|上午|午前|πμ|π\.\s?μ\.|SA|ص|de\.|öö|PG|p\.d\.`),
  pm: halfBehind(String.raw`p\.?\s?m\.?|nachm\.?|nm\.|오후|下午|午後|μμ|μ\.\s?μ\.|CH|م|du\.|ös|PTG|m\.d\.`),
} as const;
/** And right ahead of one; small letters there are words for "at". */
const ahead = {
  am: halfAhead(String.raw`AM|A\.M\.|[Vv]orm\.?|오전|上午|午前|de\.|πμ|π\.μ\.|ص`),
  pm: halfAhead(String.raw`PM|P\.M\.|[Nn]achm\.?|오후|下午|午後|du\.|μμ|μ\.μ\.|م`),
} as const;

function halfBehind(words: string): RegExp {
  return new RegExp(String.raw`(?<=\d[:.]\d\d(?:[.,:]\d+)*)\s?(?:${words})(?!\p{L})`, "iu");
}

function halfAhead(words: string): RegExp {
  return new RegExp(String.raw`(?<!\p{L})(?:${words})\s?(?=\d{1,2}[:.]\d\d)`, "u");
}

/** The half of the day that a text names beside its time, and the text without it. */
function cutHalf(text: string): { readonly plain: string; readonly half: "am" | "pm" | undefined } {
  for (const marks of [behind, ahead]) {
    for (const half of ["am", "pm"] as const) {
      const plain = text.replace(marks[half], " ");
      if (plain !== text) return { plain: plain.replace(/ +/g, " ").trim(), half };
    }
  }
  return { plain: text, half: undefined };
}

/** A short word behind a time that may be another language's for a half of the day: then the hour is in doubt. */
function isUnknownHalf(word: string): boolean {
  const letters = word.toLowerCase().replace(/[^\p{L}]/gu, "");
  return letters.length > 0 && letters.length <= 3 && monthOf(letters) === undefined && !harmless.test(letters);
}

const harmless =
  /^(?:h|hs|hrs?|uhr|uur|on|ч|г|óra|mon?|tue?|wed?|thu?|fri?|sat?|sun?|di|mi|do|so|lun|mar|mer|mié|jeu|jue|vie|ven|sam|sáb|dim|dom)$/u;

const withColons = /(?<=^|[T\s,])(\d{1,2}):(\d\d)(?::(\d\d)(?:[.,:](\d{1,9}))?)?(?!\d)/i;
const withPoints = /(?<=\S[T\s,]+)(\d{1,2})\.(\d\d)(?:\.(\d\d)(?:[.,](\d{1,9}))?)?$/i;
const zoned = /(\d) ?(?:(?:Z|UTC|GMT)|(?:UTC|GMT)?([+-]\d\d)(?::?(\d\d))?)$/i;

/** Zones by their letters, which mean different zones in different countries: such a start cannot be read for certain. */
const abbreviation =
  /\d ?\(?(?:[ECMP][SD]T|AK[SD]T|HA?ST|[BI]ST|[CEW]ES?T|MSK|A[CEW][SD]T|NZ[SD]T|JST|KST|SGT|HKT|SAST)\b/;

/** Cuts the time of day out of a text; undefined where what stands there is none. */
export function cutTime(text: string): CutTime | undefined {
  if (abbreviation.test(text)) return undefined;
  const { unzoned, zone } = cutZone(text);
  const { plain, half } = cutHalf(unzoned);
  const found = withColons.exec(plain) ?? withPoints.exec(plain);
  if (found === null) {
    const hasTime = half !== undefined || /\d:\d\d/.test(plain);
    return hasTime ? undefined : { rest: plain, time: "00:00:00", zone };
  }
  const [whole, hourText = "", minute = "", second = "00", fraction] = found;
  const hour = hourOf(Number(hourText), half);
  const after = plain.slice(found.index + whole.length);
  if (hour === undefined || Number(minute) > 59 || Number(second) > 59) return undefined;
  if (half === undefined && Number(hourText) <= 12 && isUnknownHalf(after)) return undefined;
  const part = fraction === undefined || /^0+$/.test(fraction) ? "" : `.${fraction.slice(0, 3).padEnd(3, "0")}`;
  const rest = `${plain.slice(0, found.index).replace(/(\d)T$/i, "$1")} ${after}`;
  return { rest: rest.trim(), time: `${String(hour).padStart(2, "0")}:${minute}:${second}${part}`, zone };
}

/** Cuts the zone off a text with a time of day; "" where there is none. */
function cutZone(text: string): { readonly unzoned: string; readonly zone: string } {
  const universal = text.replace(/[ (]*\b(?:UTC|GMT)\b\)?(?= \d{4}$|$)/, "");
  const moved = universal !== text && withColons.test(text) && !zoned.test(universal);
  const bare = (moved ? universal : text).replace(/ *\([\p{L} ]+\)$/u, "");
  const match = withColons.test(bare) ? zoned.exec(bare) : null;
  const unzoned = match === null ? bare : bare.slice(0, match.index + 1);
  if (moved) return { unzoned, zone: "Z" };
  if (match === null) return { unzoned, zone: "" };
  return { unzoned, zone: match[2] === undefined ? "Z" : `${match[2]}:${match[3] ?? "00"}` };
}

/** The hour of the day; some tools write 13:05 PM, which says nothing else. */
function hourOf(hour: number, half: "am" | "pm" | undefined): number | undefined {
  if (hour > 23 || (half === "am" && hour > 12)) return undefined;
  if (half === undefined || hour > 12) return hour;
  return (hour % 12) + (half === "pm" ? 12 : 0);
}
