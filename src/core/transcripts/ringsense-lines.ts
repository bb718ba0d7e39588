import { lineOf, type SpokenLine } from "./line.ts";

type Fields = Readonly<Record<string, unknown>>;

/** What RingSense writes about a call besides its transcript, by the names that the lines get as their speaker. */
const written = { Summary: "Summary", BulletedSummary: "Summary", NextSteps: "Next step", CallNotes: "Note" } as const;

/**
 * The lines of RingSense's insights (`RecordingInsights` of the official SDK): what was said, by whom and when; then, without
 * times, what RingSense wrote about it. Highlights only repeat what was said.
 */
export function ringsenseLines({ insights, speakerInfo }: Fields): SpokenLine[] {
  const units = insights as Fields;
  const names = namesOf(speakerInfo);
  const said = fieldsIn(units.Transcript).flatMap(
    ({ text, start, end, speakerId }) =>
      lineOf(wordsOf(text), secondsOf(start), secondsOf(end), names(speakerId)) ?? [],
  );
  const about = Object.entries(written).flatMap(([unit, name]) =>
    fieldsIn(units[unit]).flatMap(({ value }) => lineOf(wordsOf(value), undefined, undefined, name) ?? []),
  );
  return [...said, ...about];
}

/** Whoever has no name is told by a number: the place among all speakers. */
function namesOf(speakerInfo: unknown): (speakerId: unknown) => string | undefined {
  const speakers = fieldsIn(speakerInfo);
  const known = new Map(speakers.map(({ speakerId, name }) => [speakerId, name]));
  const order = speakers.map(({ speakerId }) => speakerId);
  return (speakerId) => {
    const name = known.get(speakerId);
    if (typeof name === "string" && name.trim() !== "") return name;
    if (typeof speakerId !== "string") return undefined;
    if (!order.includes(speakerId)) order.push(speakerId);
    return `Speaker ${order.indexOf(speakerId) + 1}`;
  };
}

function wordsOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function secondsOf(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}

function fieldsIn(list: unknown): readonly Fields[] {
  return Array.isArray(list) ? list.filter((each): each is Fields => typeof each === "object" && each !== null) : [];
}
