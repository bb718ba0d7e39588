/** A time of day that was cut out of a text, and what is left of that. */
export interface CutTime {
  readonly rest: string;
  /** `09:03:07` or `09:03:07.123`; midnight where the text has none. */
  readonly time: string;
  /** `Z`, `+02:00`, or empty where the text has no zone. */
  readonly zone: string;
}

const marks: readonly (readonly [RegExp, "am" | "pm"])[] = [
  [/(?<![\p{L}])(?:a\.? ?m\.?|vorm\.?|오전|上午|午前|πμ|π\.μ\.|ΠΜ|SA|ص|de\.?|öö)(?![\p{L}])/iu, "am"],
  [/(?<![\p{L}])(?:p\.? ?m\.?|nachm\.?|오후|下午|午後|μμ|μ\.μ\.|ΜΜ|CH|م|du\.?|ös)(?![\p{L}])/iu, "pm"],
];
const withColons = /(?<=^|[T\s,])(\d{1,2}):(\d\d)(?::(\d\d)(?:[.,:](\d{1,9}))?)?(?!\d)/i;
const withPoints = /(?<=\S[T\s,]+)(\d{1,2})\.(\d\d)(?:\.(\d\d)(?:[.,](\d{1,9}))?)?$/i;
const zoned = /(\d) ?(?:(?:Z|UTC|GMT)|(?:UTC|GMT)?([+-]\d\d)(?::?(\d\d))?)$/i;

/** Cuts the time of day out of a text; undefined where what stands there is none. */
export function cutTime(text: string): CutTime | undefined {
  const bare = text.replace(/ *\([\p{L} ]+\)$/u, "");
  const hasTime = withColons.test(bare);
  const zoneMatch = hasTime ? zoned.exec(bare) : null;
  const zone = zoneMatch === null ? "" : zoneMatch[2] === undefined ? "Z" : `${zoneMatch[2]}:${zoneMatch[3] ?? "00"}`;
  const unzoned = zoneMatch === null ? bare : bare.slice(0, zoneMatch.index + 1);
  const half = /\d[:.]\d\d/.test(unzoned) ? marks.find(([mark]) => mark.test(unzoned)) : undefined;
  const plain = half === undefined ? unzoned : unzoned.replace(half[0], " ").replace(/ +/g, " ").trim();
  const found = withColons.exec(plain) ?? withPoints.exec(plain);
  if (found === null) return half === undefined ? { rest: plain, time: "00:00:00", zone } : undefined;
  const [whole, hourText = "", minute = "", second = "00", fraction] = found;
  const hour = hourOf(Number(hourText), half?.[1]);
  if (hour === undefined || Number(minute) > 59 || Number(second) > 59) return undefined;
  const part = fraction === undefined || /^0+$/.test(fraction) ? "" : `.${fraction.slice(0, 3).padEnd(3, "0")}`;
  const rest = `${plain.slice(0, found.index).replace(/(\d)T$/i, "$1")} ${plain.slice(found.index + whole.length)}`;
  return { rest: rest.trim(), time: `${String(hour).padStart(2, "0")}:${minute}:${second}${part}`, zone };
}

/** The hour of the day; some tools write 13:05 PM, which says nothing else. */
function hourOf(hour: number, half: "am" | "pm" | undefined): number | undefined {
  if (hour > 23 || (half === "am" && hour > 12)) return undefined;
  if (half === undefined || hour > 12) return hour;
  return (hour % 12) + (half === "pm" ? 12 : 0);
}
