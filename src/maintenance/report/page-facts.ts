import { momentText } from "../../core/local-time.ts";
import { formatCount, formatNumberOf } from "../../core/text.ts";
import type { AuditEntry } from "../audit-list.ts";
import type { Period, ReportFacts } from "./facts.ts";
import { type ListingFacts, systemNames } from "./listings.ts";
import { type Html, html } from "./markup.ts";

/** The period as a title: `March 2026`, or from when to when. */
export function titleOf({ fromMs, toMs, timezone, month }: Period): string {
  if (month !== undefined) {
    const date = new Date(`${month}-15T12:00:00Z`);
    return new Intl.DateTimeFormat("en-GB", { month: "long", year: "numeric", timeZone: "UTC" }).format(date);
  }
  const day = (ms: number) => momentText(ms, timezone).slice(0, 16).replace(" 00:00", "");
  return Number.isFinite(fromMs) ? `${day(fromMs)} to ${day(toMs)}` : `All calls until ${day(toMs)}`;
}

const systems: Readonly<Record<string, string>> = systemNames;

/** What archive, which accounts, and how its calls were listed. */
export function factSections({ made, accounts, listings, period, live, settings, counts }: ReportFacts): Html {
  const { source } = settings;
  const known = accounts.map(
    ({ source, account, recordings }) =>
      `${systems[source] ?? source}: ${account || "account not named in its rows"} (${formatNumberOf(recordings, "recording")})`,
  );
  return html`<h2>What this is about</h2>
${facts([
  ["Archive", made.archive],
  [
    "Systems",
    typeof source === "string"
      ? `${systems[source] ?? source} only, as requested`
      : "every system with calls in the archive",
  ],
  ["Accounts", known.length === 0 ? "none: there are no recordings in this period" : known.join("; ")],
  [
    "Compared with",
    live ? "the source's own list, asked for this report" : "what the archive's records say was listed",
  ],
])}
<h2>Which calls were listed</h2>
${listings.length === 0 ? html`<p>No listing was ever complete: neither a download nor a reconcile covered this period.</p>` : listingTable(listings, period)}
${counts.voicemail === undefined ? [] : html`<p class="soft">This is of the call log. ${formatNumberOf(counts.voicemail, "recording is", "recordings are")} voicemail, which lies in mailboxes: a run that could not list one of them ended with another exit code than 0.</p>`}
`;
}

function listingTable(listings: readonly ListingFacts[], period: Period): Html {
  return html`<div class="wide"><table>
<thead><tr><th>System and account</th><th>How</th><th>Last listed</th><th>Never listed</th></tr></thead>
<tbody>${listings.map((listing) => listingRow(listing, period))}</tbody>
</table></div>
${listings.some(({ uncovered }) => uncovered.length > 0) ? html`<p class="soft">A call counts as listed only if its system still kept its recording at the time.</p>` : []}
`;
}

function listingRow({ source, account, lists, last, isGiven, uncovered }: ListingFacts, { timezone }: Period): Html {
  const at = (ms: number) => (Number.isFinite(ms) ? momentText(ms, timezone) : "the beginning");
  const how = last === undefined ? "not at all" : howInWords(last.list);
  const when =
    last === undefined
      ? ""
      : `${at(Date.parse(last.entry.time))} by ${whoOf(last.entry)} (${last.entry.action}); ${lists === 1 ? "once" : `${formatCount(lists)} times`} in all`;
  const never = isGiven
    ? [html`not known: the system itself was not asked`]
    : uncovered.map(({ fromMs, toMs }) => html`<div>${at(fromMs)} to ${at(toMs)}</div>`);
  return html`<tr><td><span class="t">${systems[source] ?? source}</span> ${account ?? ""}</td><td>${how}</td><td>${when}</td><td class="${uncovered.length > 0 ? "open" : ""}">${never.length === 0 ? html`nothing` : never}</td></tr>
`;
}

function howInWords({ by, own }: NonNullable<ListingFacts["last"]>["list"]): string {
  if (by === "database") return "rows from a database";
  if (by === "rows") return "rows from files";
  return own ? "the system's call log, the login's own calls only" : "the system's call log, all calls";
}

/** Checks, proof, settings, and how to check this page. */
export function lastSections(report: ReportFacts): Html {
  const { verify, reconcile, period, head, seal, records, broken, settings } = report;
  const checkOf = (entry: AuditEntry | undefined, none: string) =>
    entry === undefined
      ? none
      : `${momentText(Date.parse(entry.time), period.timezone)} by ${whoOf(entry)}: ${entry.detail}`;
  return html`<h2>Checks and proof</h2>
${facts([
  ["Last verify", checkOf(verify, "never: no file has been re-read against its SHA-256 yet")],
  ["Last reconcile", checkOf(reconcile, "never for this period: it has not been compared with its source's list")],
  [
    "Records",
    `${formatNumberOf(records.runs, "run")} and ${formatNumberOf(records.others, "other record")} in two hash chains: ${broken.length === 0 ? "unbroken, and every entry is as recorded" : `broken (${formatCount(broken.length)})`}`,
  ],
])}
${broken.length === 0 ? [] : html`<ul>${broken.map((each) => html`<li class="kind open">${each}</li>`)}</ul>`}
<dl class="facts"><dt>Head</dt><dd><code>${head || "none: the archive has no records yet"}</code></dd><dt>Seal</dt><dd>${seal}</dd></dl>
<h2>Settings<small>no secrets</small></h2>
<dl class="facts"><dt>Of this report</dt><dd><code>${settingsInWords(settings)}</code></dd>${report.listings.map(settingsOfLast)}</dl>
<footer>
<p>The head stands for every record and outcome of the archive when this page was made. <code>callreel verify --head ${head || "HEAD"}</code> shows later whether the archive's history still contains it, and re-reads every file.</p>
<p>Held means that the file is there with its size; whether its bytes are unchanged is what the last verify shows.</p>
</footer>
`;
}

function settingsOfLast({ source, last }: ListingFacts): Html {
  if (last === undefined) return html``;
  const { version } = (last.entry.result ?? {}) as { version?: unknown };
  const software = typeof version === "string" ? `callreel ${version}: ` : "";
  const told = settingsInWords(last.entry.selection);
  return html`<dt>Of the last list, ${systems[source] ?? source}</dt><dd><code>${software}${told}</code></dd>`;
}

function settingsInWords(settings: unknown): string {
  const given = Object.entries(settings ?? {}).map(([name, value]) => `${name} = ${JSON.stringify(value)}`);
  return given.length === 0 ? "none but the defaults" : given.join("; ");
}

function facts(rows: readonly (readonly [string, string])[]): Html {
  return html`<dl class="facts">${rows.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>`;
}

function whoOf({ operator = "unknown", host }: AuditEntry): string {
  return host === undefined ? operator : `${operator} on ${host}`;
}
