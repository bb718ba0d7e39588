/** The page's look: two columns of nothing on a phone, a table-like list on a wide screen; light and dark. */
export const playerStyle = `
:root { --back: #fff; --panel: #f4f5f7; --text: #16191d; --soft: #545b66; --line: #8a919c; --faint: #d9dce1; --main: #0b57c2; --on-main: #fff; --wave: #7f8894; --alert: #a3160f; }
@media (prefers-color-scheme: dark) {
  :root { --back: #14171b; --panel: #1e2329; --text: #eceef1; --soft: #adb4bf; --line: #7d8591; --faint: #343b45; --main: #8ab6ff; --on-main: #0c1420; --wave: #77808d; --alert: #ff9d94; }
}
* { box-sizing: border-box; }
[hidden] { display: none !important; }
html { scroll-padding: 1rem 0 18rem; }
body { margin: 0; background: var(--back); color: var(--text); font: 1rem/1.45 system-ui, sans-serif; }
header, main, .keys { max-width: 72rem; margin: 0 auto; padding: 0 1rem; }
header { display: flex; flex-wrap: wrap; gap: .5rem 1rem; align-items: center; justify-content: space-between; padding-top: 1rem; }
h1 { font-size: 1.35rem; margin: 0; }
h2 { font-size: 1rem; margin: 0; overflow-wrap: anywhere; }
a { color: var(--main); }
button, .button, input, select { font: inherit; color: inherit; min-height: 2.5rem; border: 1px solid var(--line); border-radius: .4rem; background: var(--back); padding: .3rem .7rem; }
button, .button { cursor: pointer; display: inline-flex; align-items: center; text-decoration: none; white-space: nowrap; }
.main:is(button, .button) { background: var(--main); color: var(--on-main); border-color: var(--main); font-weight: 600; }
button#play { min-width: 5.2rem; justify-content: center; }
:focus-visible { outline: 3px solid var(--main); outline-offset: 2px; }
label { color: var(--soft); font-size: .875rem; }
.skip { position: absolute; left: -999rem; background: var(--back); padding: .5rem 1rem; z-index: 3; }
.skip:focus { left: .5rem; top: .5rem; }
#search { display: grid; align-items: end; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: .6rem; margin: 1rem 0 .25rem; }
#search label { display: block; }
#search :is(input, select) { width: 100%; min-width: 0; }
.wide { grid-column: 1 / -1; }
#status { color: var(--soft); margin: .5rem 0; min-height: 1.45em; }
#recordings { list-style: none; margin: 0; padding: 0; border-top: 1px solid var(--faint); }
#recordings:focus { outline: none; }
#recordings li { border-bottom: 1px solid var(--faint); }
.call { display: grid; width: 100%; min-height: 3rem; grid-template-columns: minmax(0, 1fr) auto; gap: .1rem 1rem; padding: .55rem .5rem; border: 0; border-radius: 0; background: none; text-align: left; white-space: normal; align-items: baseline; }
.call:hover { background: var(--panel); }
.call[aria-current="true"] { background: var(--panel); box-shadow: inset .25rem 0 var(--main); }
.call span { overflow-wrap: anywhere; }
.call .parties { font-weight: 600; }
.call .length { text-align: right; font-variant-numeric: tabular-nums; }
.call .when, .call .more-info { color: var(--soft); font-size: .9rem; }
.call :is(.when, .more-info) { grid-column: 1 / -1; }
.legs { margin: 0 0 0 1.25rem; padding: 0; list-style: none; border-left: 2px solid var(--faint); }
.legs li:last-child { border-bottom: 0; }
.more { text-align: center; margin: 1rem 0; }
#player { position: sticky; bottom: 0; background: var(--panel); border-top: 1px solid var(--line); padding: .7rem max(1rem, calc(50% - 35rem)); z-index: 2; }
.what p { margin: 0; color: var(--soft); font-size: .9rem; overflow-wrap: anywhere; }
.wave { position: relative; height: 2.6rem; margin: .4rem 0; }
.wave canvas { position: absolute; inset: 0; width: 100%; height: 100%; }
.wave input { position: absolute; inset: 0; width: 100%; height: 100%; margin: 0; padding: 0; border: 0; opacity: 0; cursor: pointer; }
.wave:focus-within { outline: 3px solid var(--main); outline-offset: 2px; border-radius: .2rem; }
.controls { display: flex; flex-wrap: wrap; gap: .5rem; align-items: center; }
.time { font-variant-numeric: tabular-nums; white-space: nowrap; }
.speed select { width: auto; color: var(--text); }
.grow { flex: 1; }
#message { margin: .3rem 0 0; font-size: .9rem; }
#message:empty { margin: 0; }
.alert { color: var(--alert); }
.keys { color: var(--soft); font-size: .9rem; padding-bottom: 1rem; }
kbd { border: 1px solid var(--line); border-radius: .25rem; padding: 0 .35em; font: inherit; }
.login { max-width: 24rem; padding-top: 15vh; }
.login input { width: 100%; margin-bottom: .8rem; }
@media (min-width: 44rem) {
  #search { grid-template-columns: repeat(2, minmax(9.8rem, 1fr)) repeat(2, minmax(5.6rem, 1fr)) minmax(8rem, 1fr); }
  #search > div:has(+ #place[hidden]) { grid-column: span 2; }
  .call { grid-template-columns: 11rem minmax(0, 1fr) 12rem 4.5rem; }
  .call .parties { grid-column: 2; grid-row: 1; }
  .call .when { grid-column: 1; grid-row: 1; }
  .call .more-info { grid-column: 3; grid-row: 1; }
  .wave { height: 3.6rem; }
}
@media (min-width: 64rem) {
  #search { grid-template-columns: minmax(12rem, 1fr) repeat(2, 10.2rem) repeat(3, minmax(6rem, auto)); }
  .wide { grid-column: auto; }
  .call { grid-template-columns: 11rem minmax(0, 1fr) 18rem 4.5rem; }
}
@media (prefers-reduced-motion: no-preference) { .call, button { transition: background .12s; } }
`;
