/** The page's look: rows of two lines on a phone, a table-like list on a wide screen; light and dark. */
export const playerStyle = `
:root { --back: #fff; --panel: #f4f5f7; --text: #16191d; --soft: #545b66; --line: #8a919c; --faint: #d9dce1; --main: #0b57c2; --on-main: #fff; --wave: #7f8894; --alert: #a3160f; --in: #0a6b3d; }
@media (prefers-color-scheme: dark) {
  :root { --back: #14171b; --panel: #1e2329; --text: #eceef1; --soft: #adb4bf; --line: #7d8591; --faint: #343b45; --main: #8ab6ff; --on-main: #0c1420; --wave: #77808d; --alert: #ff9d94; --in: #6fd6a0; }
}
* { box-sizing: border-box; }
[hidden] { display: none !important; }
html { scroll-padding: 3rem 0 14rem; }
body { margin: 0; background: var(--back); color: var(--text); font: 1rem/1.45 system-ui, sans-serif; }
header, main { max-width: 72rem; margin: 0 auto; padding: 0 1rem; }
header { display: flex; flex-wrap: wrap; gap: .5rem .75rem; align-items: center; padding-top: .9rem; }
h1 { font-size: 1.35rem; margin: 0; flex: 1; }
h2 { font-size: 1rem; margin: 0; overflow-wrap: anywhere; }
a { color: var(--main); }
svg { width: 1.1rem; height: 1.1rem; display: block; }
button, .button, input, select { font: inherit; color: inherit; min-height: 2.5rem; border: 1px solid var(--line); border-radius: .4rem; background: var(--back); padding: .3rem .7rem; }
input::placeholder { color: var(--soft); opacity: .85; }
input[aria-invalid="true"] { border: 2px solid var(--alert); }
button, .button { cursor: pointer; display: inline-flex; align-items: center; justify-content: center; text-decoration: none; white-space: nowrap; }
.main:is(button, .button) { background: var(--main); color: var(--on-main); border-color: var(--main); font-weight: 600; }
.quiet:is(button, .button) { border-color: transparent; background: none; color: var(--main); min-height: 2.25rem; gap: .4rem; }
.found > .quiet, #help:has(+ [hidden]) { margin-right: calc(-.7rem - 1px); }
.icon { padding: .3rem .6rem; }
:focus-visible { outline: 3px solid var(--main); outline-offset: 2px; }
label, summary { color: var(--soft); font-size: .875rem; }
.hidden { position: absolute; width: 1px; height: 1px; margin: -1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.skip { position: absolute; left: -999rem; background: var(--back); padding: .5rem 1rem; z-index: 3; }
.skip:focus { left: .5rem; top: .5rem; }
#search { margin: .8rem 0 .25rem; }
#search label { display: block; }
#search :is(input, select) { width: 100%; min-width: 0; }
summary { cursor: pointer; padding: .6rem 0; }
.fields { display: grid; align-items: end; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: .6rem; }
.found { display: flex; align-items: center; justify-content: space-between; gap: 1rem; margin: .4rem 0; }
#status { color: var(--soft); margin: 0; min-height: 1.45em; }
ol { list-style: none; margin: 0; padding: 0; }
#recordings:focus { outline: none; }
.day > h2 { position: sticky; top: 0; z-index: 1; background: var(--back); color: var(--soft); font-size: .875rem; font-weight: 600; padding: .7rem .5rem .3rem; border-bottom: 1px solid var(--faint); }
.line { border-bottom: 1px solid var(--faint); }
.call { display: grid; width: 100%; min-height: 3.25rem; grid-template-columns: auto auto minmax(0, 1fr) auto; grid-template-areas: "play way party when" "play way agent length" "play way info info"; gap: 0 .5rem; padding: .5rem .4rem; border: 0; border-radius: 0; background: none; text-align: left; white-space: normal; align-items: center; justify-content: stretch; }
.call:hover, .call[aria-current="true"] { background: var(--panel); }
.call[aria-current="true"] { box-shadow: inset .25rem 0 var(--main); }
.call:focus-visible { outline-offset: -3px; }
.call span { overflow-wrap: anywhere; }
.call .sign.play { grid-area: play; display: grid; place-items: center; width: 2.1rem; height: 2.1rem; border: 1px solid var(--line); border-radius: 50%; color: var(--main); }
.call:hover .sign.play, .call[aria-current="true"] .sign.play { background: var(--main); border-color: var(--main); color: var(--on-main); }
.sign.play svg { width: .95rem; height: .95rem; }
.call .sign:not(.play) { grid-area: way; color: var(--soft); }
.call .sign.inbound { color: var(--in); }
.call .sign.outbound { color: var(--main); }
.call .parties { grid-area: party; font-weight: 600; }
.call .agent { grid-area: agent; }
.call .leg-count { grid-area: info; justify-self: end; color: var(--soft); border: 1px solid var(--line); border-radius: 1rem; padding: 0 .5rem; font-size: .8rem; }
.call .more-info { grid-area: info; }
.call :is(.agent, .more-info, .when) { color: var(--soft); font-size: .9rem; }
.call .when { grid-area: when; text-align: right; }
.call .length { grid-area: length; text-align: right; font-variant-numeric: tabular-nums; }
.call .when { font-variant-numeric: tabular-nums; }
.legs { margin: 0 0 .4rem 1.5rem; border-left: 3px solid var(--main); }
.joined > .call { padding-bottom: .25rem; }
.legs .line:last-child { border-bottom: 0; }
.more { text-align: center; margin: 1rem 0; }
#player { position: sticky; bottom: 0; background: var(--panel); border-top: 1px solid var(--line); padding: .5rem max(1rem, calc(50% - 35rem)); z-index: 2; box-shadow: 0 -.3rem .8rem rgb(0 0 0 / .12); }
.what { display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: 0 1rem; align-items: baseline; }
.what h2, .what p { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.what p { margin: 0; grid-column: 1 / -1; color: var(--soft); font-size: .85rem; }
.wave { position: relative; height: 2rem; margin: .3rem 0; }
.wave canvas { position: absolute; inset: 0; width: 100%; height: 100%; }
.wave input { position: absolute; inset: 0; width: 100%; height: 100%; margin: 0; padding: 0; border: 0; opacity: 0; cursor: pointer; }
.wave:focus-within { outline: 3px solid var(--main); outline-offset: 2px; border-radius: .2rem; }
.controls { display: flex; flex-wrap: wrap; gap: .4rem; align-items: center; }
.controls > button { flex: 1; min-width: 2.4rem; padding: .3rem .3rem; }
#extras { display: none; flex: 1 0 100%; flex-wrap: wrap; gap: .3rem .5rem; align-items: center; }
.extended #extras { display: flex; }
.time { font-variant-numeric: tabular-nums; white-space: nowrap; font-size: .9rem; }
.speed select { width: auto; color: var(--text); }
.tick { display: inline-flex; align-items: center; gap: .4rem; min-height: 2.5rem; }
.tick input { min-height: 0; width: 1.1rem; height: 1.1rem; accent-color: var(--main); }
.grow { flex: 1; }
.said { display: block; width: 100%; min-height: 0; border: 0; background: none; padding: .2rem .4rem; margin: 0; text-align: left; white-space: normal; overflow-wrap: anywhere; font-size: .9rem; }
.line > .said { padding: 0 .4rem .5rem 3rem; color: var(--soft); }
button.said:hover, #transcript [aria-current="true"] { background: var(--back); }
.said .at { color: var(--main); font-variant-numeric: tabular-nums; }
.speaker { font-weight: 600; }
mark { background: none; color: inherit; font-weight: 700; text-decoration: underline; text-decoration-color: var(--main); text-decoration-thickness: 2px; }
#transcript { position: relative; max-height: 30vh; overflow-y: auto; margin-top: .4rem; border-top: 1px solid var(--faint); }
#transcript [aria-current="true"] { box-shadow: inset .2rem 0 var(--main); }
#message { margin: .2rem 0 0; font-size: .875rem; }
#message:empty { margin: 0; }
.alert { color: var(--alert); }
kbd { border: 1px solid var(--line); border-radius: .25rem; padding: 0 .35em; font: inherit; font-size: .9em; }
dialog { color: var(--text); background: var(--back); border: 1px solid var(--line); border-radius: .6rem; padding: 1.2rem; width: min(28rem, calc(100vw - 2rem)); }
dialog::backdrop { background: rgb(0 0 0 / .5); }
dialog h2 { font-size: 1.15rem; }
dl { margin: .8rem 0 1rem; }
dl div { display: flex; flex-wrap: wrap; gap: .2rem 1rem; padding: .3rem 0; border-bottom: 1px solid var(--faint); }
dt { flex: 0 0 11rem; }
dd { margin: 0; flex: 1; min-width: 9rem; }
.login { max-width: 26rem; padding-top: 15vh; }
.login input { width: 100%; margin-bottom: .8rem; }
@media (max-width: 43.99rem) {
  #player { max-height: 35vh; overflow-y: auto; padding: .4rem .75rem; }
  #help kbd { display: none; }
  .day > h2 { font-size: .8125rem; padding-left: .4rem; }
}
@media (min-width: 44rem) {
  #filters summary { display: none; }
  .fields { grid-template-columns: repeat(4, minmax(0, 1fr)); margin-top: .6rem; }
  .call { grid-template-columns: auto auto minmax(0, 1.5fr) minmax(0, 1.4fr) minmax(0, .9fr) auto 4rem; grid-template-areas: "play way party agent info when length" "play way legs legs . . ."; grid-template-rows: 1fr auto; gap: 0 .9rem; }
  .call .leg-count { grid-area: legs; justify-self: start; }
  .call .when { min-width: 5rem; }
  .wave { height: 3.4rem; }
  .what p { font-size: .9rem; }
  .controls > button { flex: none; }
  #extra { display: none; }
  #extras { display: flex; flex: 1; flex-wrap: nowrap; margin-left: .6rem; }
}
@media (min-width: 64rem) {
  .fields { grid-template-columns: repeat(auto-fit, minmax(8.5rem, 1fr)); }
}
@media (prefers-reduced-motion: no-preference) { .call, button { transition: background .12s; } }
`;
