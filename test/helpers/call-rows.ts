/** One row of the calls table as the database holds it: null and the empty string are two things there. */
export type CallRow = Readonly<Record<Column, string | null>>;

export const columns = [
  "datasource",
  "voicelocation",
  "voicefilename",
  "start",
  "duration",
  "extension",
  "number",
  "name",
  "direction",
] as const;

export type Column = (typeof columns)[number];

/**
 * Fifteen calls with twelve recordings: two calls were not recorded (one NULL, one empty), two calls share a recording,
 * two recordings start in the hour that autumn repeats. Every character exists in windows-1252, so that every export
 * tool can write the same rows.
 */
export const callRows: readonly CallRow[] = [
  row(
    "3",
    "4",
    "NCS00000000EA39883596CC41E799B4630006CF2D56",
    "2026-05-01 09:03:07.123",
    "61",
    "0201",
    "02079460123",
    "Reception",
  ),
  row(
    "3",
    "4",
    "NCS0000000010F2B3C4D5E64F708192A3B4C5D6E7F8",
    "2026-05-01 09:04:10.000",
    "125",
    "0202",
    "447700900123",
    "Zoë Müller",
  ),
  row(
    "\\3\\",
    "4",
    "344f91cf-ba35-48e4-8080-a80a3816f5e7",
    "2026-05-01 09:05:44.017",
    "9",
    "0203",
    "447700900124",
    "José Nuñez",
    "out",
  ),
  row("3", null, null, "2026-05-01 09:06:00.000", "0", "0204", "02079460199", "Nobody recorded"),
  row(
    "\\3\\",
    "5",
    "8b7d2f60-1c55-4a0e-9f3e-2f7f0a6d9b11",
    "2026-05-01 09:07:12.440",
    "33",
    "0201",
    "02079460177",
    "Smith, John",
  ),
  row(
    "7",
    "4",
    "NCS00000000A0B1C2D3E4F5061728394A5B6C7D8E9F",
    "2026-05-01 10:15:00.000",
    "240",
    "0301",
    "33140205050",
    "François O’Neill",
  ),
  row("7", "", "", "2026-05-01 10:16:30.000", "12", "0302", "33140205051", "Empty, not null"),
  row("7", "4", "odd id 7+1%20&x=y", "2026-05-01 10:17:45.250", "18", "0302", "33140205052", "Ångström & Søn"),
  row(
    "3",
    "4",
    "NCS0000000077777777777777777777777777777777",
    "2026-10-25 01:30:00.000",
    "45",
    "0201",
    "02079460111",
    "Summer time",
  ),
  row(
    "3",
    "4",
    "NCS0000000088888888888888888888888888888888",
    "2026-10-25 01:30:00.000",
    "46",
    "0201",
    "02079460111",
    "Winter time",
  ),
  row(
    "3",
    "4",
    "NCS00000000EA39883596CC41E799B4630006CF2D56",
    "2026-05-01 09:03:09.500",
    "58",
    "0205",
    "02079460123",
    "Second agent",
  ),
  row(
    "12",
    "2",
    "c0ffee00-0000-4000-8000-000000000001",
    "2026-11-02 23:59:59.997",
    "3599",
    "0400",
    "4930123456",
    "Two\nlines",
    "out",
  ),
  row(
    "12",
    "2",
    "c0ffee00-0000-4000-8000-000000000002",
    "2026-11-03 00:00:00.000",
    "1",
    "0401",
    null,
    "Cost 5€ “quoted”",
    "out",
  ),
  row(
    "12",
    "2",
    "c0ffee00-0000-4000-8000-000000000003",
    "2026-11-03 08:00:00.000",
    "77",
    "0402",
    "4930123458",
    'He said "hello"',
  ),
  row(
    "12",
    "3",
    "c0ffee00-0000-4000-8000-000000000003",
    "2026-11-03 08:05:00.000",
    "78",
    "0403",
    "4930123459",
    "Same file name elsewhere",
  ),
];

/** The three columns that name the twelve recordings, in the order in which they first appear. */
export const recordedKeys: readonly (readonly [string, string, string])[] = distinctKeys();

function row(
  datasource: string,
  voicelocation: string | null,
  voicefilename: string | null,
  start: string,
  duration: string,
  extension: string,
  number: string | null,
  name: string,
  direction = "in",
): CallRow {
  return { datasource, voicelocation, voicefilename, start, duration, extension, number, name, direction };
}

function distinctKeys(): (readonly [string, string, string])[] {
  const keys = new Map<string, readonly [string, string, string]>();
  for (const { datasource, voicelocation, voicefilename } of callRows) {
    if (!datasource || !voicelocation || !voicefilename) continue;
    const key = [datasource, voicelocation, voicefilename] as const;
    if (!keys.has(key.join("\0"))) keys.set(key.join("\0"), key);
  }
  return [...keys.values()];
}
