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
<a class="skip" href="#recordings">Skip to the recordings</a>
<header>
<h1>Call recordings</h1>
<form id="logout" method="post" action="/logout" hidden><span id="who"></span> <button type="submit">Log out</button></form>
</header>
<main>
<form id="search" role="search" aria-label="Recordings">
<div class="wide"><label for="text">Number, name, extension, date or permanent link</label>
<input id="text" type="search" autocomplete="off" spellcheck="false" aria-keyshortcuts="/"></div>
<div><label for="from">From</label><input id="from" type="date"></div>
<div><label for="to">To</label><input id="to" type="date"></div>
<div><label for="direction">Direction</label><select id="direction">
<option value="">All</option><option value="inbound">Inbound</option><option value="outbound">Outbound</option><option value="internal">Internal</option></select></div>
<div><label for="source">System</label><select id="source">
<option value="">All</option><option value="ringcentral">RingCentral</option><option value="tim">TIM</option></select></div>
<div id="place" hidden><label for="where">Show</label><select id="where">
<option value="">Archived</option><option value="all">All known</option></select></div>
</form>
<p id="status" role="status" aria-live="polite"></p>
<ol id="recordings" tabindex="-1" aria-label="Recordings, newest first"></ol>
<p class="more"><button id="more" type="button" hidden>Show more</button></p>
</main>
<section id="player" aria-label="Player" hidden>
<div class="what"><h2 id="title"></h2><p id="subtitle"></p></div>
<audio id="audio" preload="metadata"></audio>
<div class="wave"><canvas id="wave" width="1600" height="120" aria-hidden="true"></canvas>
<input id="seek" type="range" min="0" max="1" step="0.1" value="0" aria-label="Position"></div>
<div class="controls">
<button id="back" type="button" aria-label="Back 10 seconds" aria-keyshortcuts="j">−10 s</button>
<button id="play" type="button" class="main" aria-label="Play" aria-keyshortcuts="k Space">Play</button>
<button id="forth" type="button" aria-label="Forward 10 seconds" aria-keyshortcuts="l">+10 s</button>
<span class="time"><span id="now">0:00</span> / <span id="total">0:00</span></span>
<label class="speed" for="speed">Speed <select id="speed">
<option>0.5</option><option>0.75</option><option selected>1</option><option>1.25</option><option>1.5</option><option>2</option></select></label>
<span class="grow"></span>
<a id="download" class="button" download>Download</a>
<button id="copy" type="button">Copy link</button>
</div>
<p id="message" role="status" aria-live="polite"></p>
</section>
<details class="keys"><summary>Keys</summary><p><kbd>Space</kbd> or <kbd>k</kbd> play and pause · <kbd>j</kbd> and <kbd>l</kbd> 10 s back and forth · <kbd>←</kbd> and <kbd>→</kbd> 5 s · <kbd>↑</kbd> and <kbd>↓</kbd> the recording before and after · <kbd>/</kbd> search</p></details>
</body>
</html>
`;

/** The page's icon: sound, as bars. */
export const playerIcon = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect width="16" height="16" rx="3" fill="#0b57c2"/><path d="M3.5 6.5v3M6.5 4v8M9.5 5.5v5M12.5 7v2" stroke="#fff" stroke-width="1.6" stroke-linecap="round"/></svg>
`;
