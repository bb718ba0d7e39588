import { momentText, timeText } from "../../core/local-time.ts";
import type { ReportCounts, ReportLine } from "../../core/proof/report.ts";
import { formatBytes, formatCount, formatDuration, formatNumberOf } from "../../core/text.ts";
import type { Period, ReportFacts } from "./facts.ts";
import { type Html, html } from "./markup.ts";
import { factSections, lastSections, titleOf } from "./page-facts.ts";
import type { Spool } from "./spool.ts";
import { reportStyle } from "./style.ts";
import { verdictOf } from "./verdict.ts";

/** The report as one page that needs nothing else: no script, no font, no picture from anywhere. */
export async function* reportPage(facts: ReportFacts, spool: Spool): AsyncIterable<string> {
  yield headOf(facts).html;
  yield factSections(facts).html;
  const { counts, period } = facts;
  const gaps = counts.calls + counts.extra + counts.shortRecording + counts.undated - counts.held;
  yield* tableOf(gapTable, gaps, spool, period);
  yield* tableOf(shortTable, counts.short, spool, period);
  yield* tableOf(heldTable, counts.held, spool, period);
  yield lastSections(facts).html;
  yield "</main>\n</body>\n</html>\n";
}

function headOf(facts: ReportFacts): Html {
  const { period, made } = facts;
  const verdict = verdictOf(facts);
  const title = titleOf(period);
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>Call recordings, ${title}</title>
<style>${{ html: reportStyle }}</style>
</head>
<body>
<header>
<p class="kicker">Call recordings: report of the archive</p>
<h1>${title}</h1>
<p class="soft">${spanOf(period)}</p>
</header>
<main>
<div class="verdict ${verdict.is}"><strong>${verdict.title}</strong>${verdict.sentence}</div>
${figuresOf(facts)}
<p class="soft">Made ${momentText(Date.parse(made.at), period.timezone)} by ${made.by.name} on ${made.by.host} with callreel ${made.version}.</p>
`;
}

function spanOf({ fromMs, toMs, timezone, isOpen }: Period): string {
  const from = Number.isFinite(fromMs)
    ? `Calls that began from ${momentText(fromMs, timezone)}`
    : "Calls that began at any time";
  return `${from} until before ${momentText(toMs, timezone)} (${timezone})${isOpen ? ", when this report was made" : ""}`;
}

type Figure = readonly [name: string, count: number, note?: string | undefined];

function figuresOf({ counts }: ReportFacts): Html {
  const size = `${formatBytes(counts.bytes)}, ${formatDuration(counts.seconds * 1000)}`;
  const unproven = counts.goneUnproven > 0 ? `${formatCount(counts.goneUnproven)} not proven` : undefined;
  const figures: readonly Figure[] = [
    ["Calls", counts.calls, counts.voicemail === undefined ? undefined : `${formatCount(counts.voicemail)} voicemail`],
    ["Held", counts.held, size],
    ["Missing", counts.missing],
    ["Gone", counts.gone, unproven],
    ["Too short", counts.short, counts.short > 0 ? "of those held" : undefined],
    ["Damaged", counts.damaged],
  ];
  return html`<dl class="figures">${figures.map(figureOf)}</dl>
${othersOf(counts)}`;
}

function figureOf([name, count, note]: Figure): Html {
  const small = note === undefined ? [] : html`<small>${note}</small>`;
  return html`<div><dt>${name}</dt><dd>${formatCount(count)}${small}</dd></div>`;
}

/** What is rarer, where there is any. */
function othersOf(counts: ReportCounts): Html {
  const others: readonly Figure[] = [
    ["not permitted", counts.forbidden],
    ["not ready at the source yet", counts.notReady],
    ["purged on purpose", counts.purged],
    ["not held, older than the source keeps recordings, and no longer provable", counts.unprovable],
    ["of unknown time", counts.undated],
    ["held though the source does not list it", counts.extra],
    ["too short for the source to keep audio", counts.shortRecording],
  ];
  const told = others.filter(([, count]) => count > 0).map(([name, count]) => `${formatCount(count)} ${name}`);
  return told.length === 0 ? html`` : html`<p>Also: ${told.join(", ")}.</p>`;
}

interface Table {
  readonly title: string;
  readonly note: string;
  readonly head: Html;
  readonly none: string;
  readonly wanted: (line: ReportLine) => boolean;
  readonly row: (line: ReportLine, period: Period) => Html;
}

async function* tableOf(table: Table, count: number, spool: Spool, period: Period): AsyncIterable<string> {
  yield html`<h2>${table.title}<small>${formatCount(count)}</small></h2>\n`.html;
  if (count === 0) {
    yield html`<p class="soft">${table.none}</p>\n`.html;
    return;
  }
  yield html`<p class="soft">${table.note}</p>\n<div class="wide lines"><table>\n<thead><tr>${table.head}</tr></thead>\n<tbody>\n`
    .html;
  for await (const batch of spool.batches(table.wanted))
    yield batch.map((line) => table.row(line, period).html).join("");
  yield "</tbody>\n</table></div>\n";
}

const kinds: Readonly<Record<ReportLine["kind"], string>> = {
  held: "Held",
  missing: "Missing",
  "not-ready": "Not ready",
  damaged: "Damaged",
  forbidden: "Not permitted",
  gone: "Gone",
  purged: "Purged",
  short: "Too short",
  "short-recording": "No audio",
  extra: "Not listed",
  unprovable: "Not provable",
  undated: "Time unknown",
};

const gapTable: Table = {
  title: "What is not held, or not as it should be",
  note: "Red is open: missing or doubtful, and needs attention. The others are explained: nothing more can or need be done.",
  none: "Nothing: every recording is held as it was downloaded.",
  head: html`<th class="w2">What</th><th class="w3">Call</th><th class="w4">Recording</th><th>Why, and who said so</th>`,
  wanted: ({ kind }) => kind !== "held" && kind !== "short",
  row: (line, period) =>
    html`<tr><td class="kind${line.open ? " open" : ""}">${kinds[line.kind]}</td><td>${callOf(line, period)}</td><td>${line.key ?? "none"}${hashOf(line)}</td><td>${line.reason ?? ""}${evidenceOf(line, period)}</td></tr>\n`,
};

const shortTable: Table = {
  title: "Held, but clearly shorter than the call",
  note: "Calls ring, wait and are put on hold while nothing is recorded; these lack more than that explains.",
  none: "None.",
  head: html`<th class="w3">Call</th><th>File and SHA-256</th><th class="n w1">Call</th><th class="n w1">Audio</th>`,
  wanted: ({ kind }) => kind === "short",
  row: (line, period) =>
    html`<tr><td>${callOf(line, period)}</td><td>${line.path ?? ""}${hashOf(line)}</td><td class="n">${lengthOf(line.duration)}</td><td class="n">${lengthOf(line.audioSeconds)}</td></tr>\n`,
};

const heldTable: Table = {
  title: "Recordings held",
  note: "Each file is in the archive with the size shown here, and was not found damaged; its SHA-256 is the one it was downloaded with.",
  none: "None.",
  head: html`<th class="w3">Call</th><th>File and SHA-256</th><th class="n w1">Audio</th><th class="n w1">Size</th>`,
  wanted: ({ kind }) => kind === "held" || kind === "short",
  row: (line, period) =>
    html`<tr><td>${callOf(line, period)}</td><td>${line.path ?? ""}${hashOf(line)}</td><td class="n">${lengthOf(line.audioSeconds)}</td><td class="n">${formatBytes(line.bytes ?? 0)}</td></tr>\n`,
};

function callOf({ start, direction, from, to, name, extension }: ReportLine, { timezone }: Period): Html {
  const parties = [from, to].some(Boolean) ? `${from ?? "unknown"} → ${to ?? "unknown"}` : "";
  const others = [direction, name, extension && `ext. ${extension}`].filter(Boolean).join(", ");
  const lines = [parties, others].filter((text) => text !== "").map((text) => html`<br>${text}`);
  return html`<span class="t">${timeText(start, timezone)}</span>${lines}`;
}

function hashOf({ sha256 }: ReportLine): Html {
  return sha256 === undefined ? html`` : html`<code>${sha256}</code>`;
}

function evidenceOf({ evidence, attempts }: ReportLine, { timezone }: Period): Html {
  const tried = attempts === undefined ? "" : `${formatNumberOf(attempts, "attempt")}.`;
  if (evidence === undefined) return tried === "" ? html`` : html`<br><span class="soft">${tried}</span>`;
  const { by, times, first, last, proven } = evidence;
  const [since, until] = [first, last].map((time) => momentText(Date.parse(time), timezone)) as [string, string];
  const when = times === 1 ? `on ${until}` : `${formatCount(times)} times, first ${since}, last ${until}`;
  return html`<br><span class="soft">Said by ${by} ${when}; ${proven ? "proven" : "not proven yet"}. ${tried}</span>`;
}

function lengthOf(seconds: number | undefined): string {
  return seconds === undefined ? "–" : formatDuration(seconds * 1000);
}
