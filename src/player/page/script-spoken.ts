/** What was said: the line that was searched for, under its recording, and the transcript of the current one. */
export const spokenScript = `
const spoken = { turn: 0, lines: [], current: undefined };
/** More lines than this no browser shows quickly. */
const mostShown = 5000;

/** The line of a recording in which the words searched for were said; pressed, it plays from there. */
function saidButton(item) {
  const made = element("button", "said");
  made.type = "button";
  if (item.said.at !== undefined) made.append(element("span", "at", clock(item.said.at)), " ");
  if (item.said.speaker) made.append(element("span", "speaker", item.said.speaker + ": "));
  made.append(...marked(item.said.text, $("text").value.trim()));
  made.title = item.said.at === undefined ? "Play this recording" : "Play from here";
  made.addEventListener("click", () => playFrom(item, item.said.at));
  return made;
}

/** Plays a recording from a moment. */
function playFrom(item, at) {
  const isCurrent = player.item && player.item.key === item.key && audio.getAttribute("src") && !audio.error;
  if (!isCurrent) return choose(item, true, at);
  seekTo(at);
  play();
}

function seekTo(at) {
  if (at !== undefined && Number.isFinite(audio.duration)) audio.currentTime = Math.min(at, audio.duration);
}

/** A text with the words searched for marked, where they stand in it as they were typed. */
function marked(text, words) {
  const at = words ? text.toLowerCase().indexOf(words.toLowerCase()) : -1;
  if (at === -1) return [text];
  const end = at + words.length;
  return [text.slice(0, at), element("mark", "", text.slice(at, end)), text.slice(end)];
}

/** Offers the transcript of the current recording, and shows it where it is open. */
function showTranscript(item) {
  spoken.turn += 1;
  spoken.lines = [];
  spoken.current = undefined;
  $("words").hidden = !item.transcript;
  $("transcript").replaceChildren();
  if (item.transcript && $("words").getAttribute("aria-expanded") === "true") loadTranscript(item);
  else $("transcript").hidden = true;
}

async function loadTranscript(item) {
  const turn = ++spoken.turn;
  $("transcript").hidden = false;
  $("transcript").replaceChildren(element("li", "", "Loading…"));
  const found = await getJson("/api/transcript/" + item.key).catch((error) => ({ lines: [{ text: error.message }] }));
  if (turn !== spoken.turn) return;
  const words = $("text").value.trim();
  const shown = found.lines.slice(0, mostShown);
  spoken.lines = shown.map((line) => ({ line, node: lineOf(item, line, words) }));
  $("transcript").replaceChildren(...spoken.lines.map(({ node }) => node));
  if (found.cut || shown.length < found.lines.length) $("transcript").append(element("li", "", "There is more than is shown here."));
  if (found.lines.length === 0) $("transcript").append(element("li", "", "No words can be read in it."));
  followWords();
}

function lineOf(item, line, words) {
  const node = element("li", "");
  const said = line.at === undefined ? element("p", "said") : element("button", "said");
  if (line.at !== undefined) {
    said.type = "button";
    said.append(element("span", "at", clock(line.at)), " ");
    said.addEventListener("click", () => playFrom(item, line.at));
  }
  if (line.speaker) said.append(element("span", "speaker", line.speaker + ": "));
  said.append(...marked(line.text, words));
  node.append(said);
  return node;
}

/** Marks the line that is being said; of lines that overlap the one that began last. */
function followWords() {
  let now;
  for (const each of spoken.lines) {
    const { at } = each.line;
    if (at !== undefined && at <= audio.currentTime + 0.05 && (!now || at >= now.line.at)) now = each;
  }
  if (now === spoken.current) return;
  if (spoken.current) spoken.current.node.removeAttribute("aria-current");
  spoken.current = now;
  if (!now) return;
  now.node.setAttribute("aria-current", "true");
  const box = $("transcript");
  if (box.matches(":hover") || box.contains(document.activeElement)) return;
  box.scrollTop = now.node.offsetTop - box.clientHeight / 3;
}

function toggleWords() {
  if (!player.item || $("words").hidden) return;
  const opens = $("words").getAttribute("aria-expanded") !== "true";
  $("words").setAttribute("aria-expanded", String(opens));
  $("transcript").hidden = !opens;
  if (opens) loadTranscript(player.item);
}

$("words").addEventListener("click", toggleWords);
for (const name of ["timeupdate", "seeked"]) audio.addEventListener(name, followWords);
`;
