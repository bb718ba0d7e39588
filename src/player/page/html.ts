import { iconSprite } from "./icons.ts";

/** The player's page; everything in it that comes from calls is put there by the script, as text. */
export const playerHtml = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Call recordings – callreel</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="stylesheet" href="/player.css">
<link rel="icon" href="/icon.svg" type="image/svg+xml">
<script src="/player.js" defer></script>
</head>
<body>
${iconSprite}
<a class="skip" href="#recordings">Skip to the recordings</a>
<header>
<h1>Call recordings</h1>
<button id="help" class="quiet" type="button" aria-keyshortcuts="?" aria-haspopup="dialog">Keys <kbd>?</kbd></button>
<form id="logout" method="post" action="/logout" hidden><span id="who"></span> <button type="submit">Log out</button></form>
</header>
<main>
<form id="search" role="search" aria-label="Recordings">
<div class="find"><label for="text">Search</label>
<input id="text" type="search" autocomplete="off" spellcheck="false" placeholder="Number, name, words or date" aria-keyshortcuts="/"></div>
<details id="filters"><summary>Filters and order<span id="filtered"></span></summary>
<div class="fields">
<div><label for="from">From</label><input id="from" class="date" type="text" autocomplete="off" placeholder="5 Oct 2026" aria-describedby="dates"></div>
<div><label for="to">To</label><input id="to" class="date" type="text" autocomplete="off" placeholder="yesterday" aria-describedby="dates"></div>
<div><label for="direction">Direction</label><select id="direction">
<option value="">All</option><option value="inbound">Inbound</option><option value="outbound">Outbound</option><option value="internal">Internal</option></select></div>
<div><label for="source">System</label><select id="source">
<option value="">All</option><option value="ringcentral">RingCentral</option><option value="tim">TIM</option></select></div>
<div id="place" hidden><label for="where">Show</label><select id="where">
<option value="">Archived</option><option value="all">All known</option></select></div>
<div><label for="sort">Order</label><select id="sort">
<option value="newest">Newest first</option><option value="oldest">Oldest first</option><option value="longest">Longest first</option><option value="shortest">Shortest first</option></select></div>
<div id="jump"><label for="at">Jump to date</label><input id="at" class="date" type="text" autocomplete="off" placeholder="October 2026" aria-describedby="dates"></div>
</div></details>
<p id="dates" class="hidden">Write a date as 5 Oct 2026, October 2026, 5/10/2026, 2026-10-05 or yesterday.</p>
</form>
<div class="found"><p id="status" role="status" aria-live="polite"></p><a id="csv" class="button quiet" href="/api/recordings.csv" download="call-recordings.csv">Save as CSV</a></div>
<ol id="recordings" tabindex="-1" aria-label="Recordings"></ol>
<p class="more"><button id="more" type="button" hidden>Show more</button></p>
</main>
<section id="player" aria-label="Player" hidden>
<div class="what"><h2 id="title"></h2><span class="time"><span id="now">0:00</span> / <span id="total">0:00</span></span><p id="subtitle"></p></div>
<audio id="audio" preload="metadata"></audio>
<div class="wave"><canvas id="wave" width="1600" height="120" aria-hidden="true"></canvas>
<input id="seek" type="range" min="0" max="1" step="0.1" value="0" aria-label="Position"></div>
<div class="controls">
<button id="previous" type="button" class="icon" aria-label="Previous recording" aria-keyshortcuts="p"><svg aria-hidden="true"><use href="#i-previous"/></svg></button>
<button id="back" type="button" aria-label="Back 10 seconds" aria-keyshortcuts="j">−10</button>
<button id="play" type="button" class="main icon" aria-label="Play" aria-keyshortcuts="k Space"><svg aria-hidden="true"><use href="#i-play"/></svg></button>
<button id="forth" type="button" aria-label="Forward 10 seconds" aria-keyshortcuts="l">+10</button>
<button id="next" type="button" class="icon" aria-label="Next recording" aria-keyshortcuts="n"><svg aria-hidden="true"><use href="#i-next"/></svg></button>
<button id="extra" type="button" aria-expanded="false" aria-controls="extras" aria-label="More controls">…</button>
<div id="extras">
<label class="speed" for="speed">Speed <select id="speed" aria-keyshortcuts="< >">
<option>0.5</option><option>0.75</option><option selected>1</option><option>1.25</option><option>1.5</option><option>2</option></select></label>
<label class="tick"><input id="onward" type="checkbox"> Play next</label>
<span class="grow"></span>
<a id="download" class="button" download>Download</a>
<button id="words" type="button" aria-expanded="false" aria-controls="transcript" aria-keyshortcuts="t" hidden>Transcript</button>
<button id="copy" type="button">Copy link</button>
</div>
</div>
<ol id="transcript" aria-label="Transcript" tabindex="0" hidden></ol>
<p id="message" role="status" aria-live="polite"></p>
</section>
<dialog id="keys" aria-labelledby="keys-title">
<h2 id="keys-title">Keys</h2>
<dl>
<div><dt><kbd>Space</kbd> or <kbd>k</kbd></dt><dd>Play or pause</dd></div>
<div><dt><kbd>j</kbd> / <kbd>l</kbd></dt><dd>10 seconds back / forward</dd></div>
<div><dt><kbd>←</kbd> / <kbd>→</kbd></dt><dd>5 seconds back / forward</dd></div>
<div><dt><kbd>↑</kbd> / <kbd>↓</kbd>, <kbd>p</kbd> / <kbd>n</kbd></dt><dd>Previous / next recording</dd></div>
<div><dt><kbd>&lt;</kbd> / <kbd>&gt;</kbd></dt><dd>Slower / faster</dd></div>
<div><dt><kbd>t</kbd></dt><dd>Show what was said</dd></div>
<div><dt><kbd>/</kbd></dt><dd>Search</dd></div>
<div><dt><kbd>Esc</kbd></dt><dd>Leave the search field</dd></div>
<div><dt><kbd>?</kbd></dt><dd>Show these keys</dd></div>
</dl>
<form method="dialog"><button class="main">Close</button></form>
</dialog>
</body>
</html>
`;
