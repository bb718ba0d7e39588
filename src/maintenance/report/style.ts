/** How the report looks, on a screen and on paper of either size; thin rules and little ink. */
export const reportStyle = `
:root { color-scheme: light; --ink: #1b1f24; --soft: #5b6570; --rule: #d5dae0; --wash: #f5f7f9; --good: #1a6b3c; --bad: #a3231f; --open: #8a5a00; }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2.5rem 1.5rem 4rem; max-width: 60rem; color: var(--ink); background: #fff;
  font: 15px/1.5 "Source Sans 3", "Segoe UI", "Helvetica Neue", Helvetica, Arial, sans-serif; font-variant-numeric: tabular-nums; }
header { border-bottom: 2px solid var(--ink); padding-bottom: 1rem; }
.kicker { margin: 0; color: var(--soft); font-size: .85rem; letter-spacing: .04em; }
h1 { margin: .1rem 0 .2rem; font-size: 2rem; line-height: 1.2; font-weight: 600; }
h2 { margin: 2.2rem 0 .6rem; font-size: 1.15rem; font-weight: 600; break-after: avoid; }
h2 small { color: var(--soft); font-weight: 400; font-size: .9rem; margin-left: .4rem; }
p { margin: .4rem 0; } h2 + p { break-after: avoid; }
.soft { color: var(--soft); }
.verdict { margin: 1.4rem 0; padding: .9rem 1.1rem; border-left: 4px solid var(--good); background: var(--wash); break-inside: avoid; }
.verdict strong { display: block; font-size: 1.1rem; color: var(--good); }
.verdict.gaps, .verdict.broken { border-color: var(--bad); } .verdict.gaps strong, .verdict.broken strong { color: var(--bad); }
.verdict.unlisted { border-color: var(--open); } .verdict.unlisted strong { color: var(--open); }
.figures { display: grid; grid-template-columns: repeat(6, 1fr); margin: 1.4rem 0 .8rem; border: solid var(--rule); border-width: 1px 0 0 1px; break-inside: avoid; }
.figures div { border: solid var(--rule); border-width: 0 1px 1px 0; padding: .6rem .8rem; }
.figures dt { color: var(--soft); font-size: .85rem; } .figures dd { margin: 0; font-size: 1.5rem; line-height: 1.3; }
.figures dd small { display: block; font-size: .75rem; line-height: 1.3; color: var(--soft); }
dl.facts { display: grid; grid-template-columns: 11rem 1fr; gap: .3rem 1rem; margin: .6rem 0; }
.facts dt { color: var(--soft); } .facts dd { margin: 0; overflow-wrap: anywhere; }
table { width: 100%; border-collapse: collapse; font-size: .87rem; line-height: 1.4; }
th { text-align: left; font-weight: 600; color: var(--soft); border-bottom: 1px solid var(--ink); padding: .3rem .8rem .3rem 0; vertical-align: bottom; }
td { border-bottom: 1px solid var(--rule); padding: .4rem .8rem .4rem 0; vertical-align: top; overflow-wrap: anywhere; }
th:last-child, td:last-child { padding-right: 0; }
thead { display: table-header-group; } tr { break-inside: avoid; }
.wide.lines table { table-layout: fixed; } .w1 { width: 10%; } .w2 { width: 13%; } .w3 { width: 31%; } .w4 { width: 22%; }
.n { text-align: right; white-space: nowrap; } .t { white-space: nowrap; }
code { font: .8rem/1.4 ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; overflow-wrap: anywhere; }
td code { font-size: .67rem; color: var(--soft); display: block; }
.kind { font-weight: 600; } .open { color: var(--bad); }
footer { margin-top: 2.5rem; padding-top: .8rem; border-top: 1px solid var(--rule); color: var(--soft); font-size: .85rem; }
@media (max-width: 40rem) { .figures { grid-template-columns: repeat(2, 1fr); } dl.facts { grid-template-columns: 1fr; gap: 0; } .facts dd { margin-bottom: .5rem; } body { padding: 1.2rem 1rem; }
  h1 { font-size: 1.5rem; } .wide { overflow-x: auto; } .wide table { min-width: 40rem; } .wide.lines table { min-width: 54rem; } }
@page { margin: 17mm 15mm 18mm; @bottom-right { content: counter(page) " / " counter(pages); font: 8pt sans-serif; color: #5b6570; } }
@media print { body { max-width: none; padding: 0; font-size: 10pt; } .figures dd { font-size: 15pt; } h1 { font-size: 20pt; } h2 { margin-top: 1.5rem; }
  table { font-size: 8pt; } td code { font-size: 6.2pt; } code { font-size: 8pt; } .verdict { border: 1px solid var(--rule); border-left: 4px solid; background: none; } a { color: inherit; text-decoration: none; } }
`;
