/** The player: audio and keys. */
export const playScript = `
const audio = $("audio");
const player = { item: undefined, peaks: undefined, turn: 0 };

/** Makes a recording the current one, from a moment on where one is given. One that is not in the archive yet is waited for. */
async function choose(item, start, at) {
  const turn = ++player.turn;
  player.item = item;
  player.peaks = undefined;
  audio.pause();
  audio.removeAttribute("src");
  for (const each of document.querySelectorAll(".call[aria-current]")) each.removeAttribute("aria-current");
  const chosen = itemButton(item.key);
  if (chosen) chosen.setAttribute("aria-current", "true");
  $("player").hidden = false;
  $("title").textContent = other(item);
  const info = [agent(item), when(item), ways[item.direction], systems[item.source], item.id];
  $("subtitle").textContent = info.filter(Boolean).join(" · ");
  showMedia(item);
  showTranscript(item);
  $("download").href = "/r/" + item.key + "?download";
  history.replaceState(null, "", "#" + item.key);
  say("Loading…");
  showTime();
  draw();
  if (!(await ready(item, turn)) || turn !== player.turn) return;
  say("");
  audio.src = "/r/" + item.key;
  audio.playbackRate = Number($("speed").value);
  if (at !== undefined) audio.addEventListener("loadedmetadata", () => turn === player.turn && seekTo(at), { once: true });
  if (start) play();
  showWave(item, turn);
}

async function ready(item, turn) {
  while (turn === player.turn) {
    let response;
    try {
      response = await fetch("/r/" + item.key, { method: "HEAD" });
    } catch {
      say("The player does not answer.");
      return false;
    }
    if (response.ok) return true;
    if (response.status !== 503) {
      say(refusals[response.status] || "The source could not give the recording.");
      return false;
    }
    await countDown(Number(response.headers.get("retry-after")) || 5, turn);
  }
  return false;
}

const refusals = {
  401: "You are logged out. Open the player again.",
  403: "This recording is not permitted.",
  404: "There is no such recording.",
};

async function countDown(seconds, turn) {
  say("The recording comes from its source: about " + seconds + " s to wait.");
  for (let left = seconds; left > 0 && turn === player.turn; left -= 1) {
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
}

async function play() {
  try {
    await audio.play();
  } catch (error) {
    if (error.name === "NotAllowedError") say("Press Play.");
  }
}

function toggle() {
  if (!player.item) return;
  if (audio.paused) play();
  else audio.pause();
}

function jump(seconds) {
  if (!Number.isFinite(audio.duration)) return;
  audio.currentTime = Math.min(Math.max(0, audio.currentTime + seconds), audio.duration);
}

/** Goes to the recording before or after this one in the list, which grows where it must. */
async function step(by, start = !audio.paused) {
  const turn = player.turn;
  const beside = () => {
    const all = [...document.querySelectorAll(".call")];
    const at = all.findIndex((each) => player.item && each.dataset.key === player.item.key);
    return all[at === -1 ? 0 : at + by];
  };
  if (!beside() && by > 0 && list.cursor && !list.busy) await load(list.turn, false);
  const next = beside();
  if (!next || turn !== player.turn) return;
  next.focus();
  choose(list.items.get(next.dataset.key), start);
}

function changeSpeed(by) {
  const { options, selectedIndex } = $("speed");
  if (!options[selectedIndex + by]) return;
  $("speed").selectedIndex = selectedIndex + by;
  audio.playbackRate = Number($("speed").value);
  say("Speed " + $("speed").value);
}

function say(text) {
  $("message").textContent = text;
}

function length() {
  if (Number.isFinite(audio.duration)) return audio.duration;
  return (player.item && player.item.seconds) || 0;
}

function showTime() {
  const total = length();
  $("now").textContent = clock(audio.currentTime);
  $("total").textContent = clock(total);
  $("seek").max = String(total || 1);
  $("seek").value = String(audio.currentTime);
  $("seek").setAttribute("aria-valuetext", clock(audio.currentTime) + " of " + clock(total));
}

function follow() {
  showTime();
  draw();
  if (!audio.paused) requestAnimationFrame(follow);
}

async function openFromHash() {
  const found = permanent.exec(decodeURI(location.hash.slice(1)));
  if (!found) return;
  const item = await getJson("/api/recording/" + location.hash.slice(1)).catch(() => undefined);
  if (item) choose(item, false);
}

async function copyLink() {
  const link = location.origin + "/r/" + player.item.key;
  try {
    await navigator.clipboard.writeText(link);
    say("Link copied: it plays for whoever may log in here.");
  } catch {
    say(link);
  }
}

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const { target, key } = event;
  if (key === "?" && !isWriting(target)) {
    event.preventDefault();
    if (!$("keys").open) $("keys").showModal();
    return;
  }
  if (key === "/" && !isWriting(target) && !target.matches("input[type=search]")) {
    event.preventDefault();
    $("text").focus();
    return;
  }
  if ($("keys").open) return;
  if (target.matches("input[type=search]") && key === "Escape") return target.blur();
  if (isWriting(target) || target.matches("select")) return;
  // Space and Enter press the button or link that has the focus; Space elsewhere plays.
  if (key === " " && target.matches("button, a, summary, input[type=checkbox]") && !target.matches(".call[aria-current]")) return;
  const action = target.matches("input[type=range]") ? (sliderKeys[key] ?? keys[key]) : keys[key];
  if (!action || (!player.item && !steps.includes(key))) return;
  event.preventDefault();
  action(event);
}

function isWriting(target) {
  return target.matches("input:not([type=range]):not([type=checkbox]), textarea");
}

const keys = {
  " ": toggle,
  k: toggle,
  j: () => jump(-10),
  l: () => jump(10),
  ArrowLeft: () => jump(-5),
  ArrowRight: () => jump(5),
  ArrowUp: () => step(-1),
  ArrowDown: () => step(1),
  p: () => step(-1),
  n: () => step(1),
  t: () => toggleWords(),
  "<": () => changeSpeed(-1),
  ">": () => changeSpeed(1),
};
const steps = ["ArrowUp", "ArrowDown", "p", "n"];

/** On the slider, up and down seek as they do on every slider. */
const sliderKeys = { ArrowUp: keys.ArrowRight, ArrowDown: keys.ArrowLeft };

$("play").addEventListener("click", toggle);
$("back").addEventListener("click", () => jump(-10));
$("forth").addEventListener("click", () => jump(10));
$("previous").addEventListener("click", () => step(-1));
$("next").addEventListener("click", () => step(1));
$("help").addEventListener("click", () => $("keys").showModal());
$("extra").addEventListener("click", () => {
  const isOpen = $("player").classList.toggle("extended");
  $("extra").setAttribute("aria-expanded", String(isOpen));
});
$("copy").addEventListener("click", copyLink);
$("speed").addEventListener("change", () => {
  audio.playbackRate = Number($("speed").value);
});
$("seek").addEventListener("input", () => {
  if (Number.isFinite(audio.duration)) audio.currentTime = Number($("seek").value);
});
for (const name of ["play", "pause", "ended"]) {
  audio.addEventListener(name, () => {
    $("play").setAttribute("aria-label", audio.paused ? "Play" : "Pause");
    $("play").querySelector("use").setAttribute("href", audio.paused ? "#i-play" : "#i-pause");
    showState();
    follow();
  });
}
for (const name of ["loadedmetadata", "seeked", "durationchange", "emptied"]) audio.addEventListener(name, follow);
audio.addEventListener("error", () => {
  if (!audio.getAttribute("src")) return;
  const brokeOff = audio.error && audio.error.code === MediaError.MEDIA_ERR_NETWORK;
  say(brokeOff ? "The recording broke off. Choose it again." : "The recording cannot be played in this browser; download it.");
});

/** A recording on its way may come more slowly than it plays; told when it takes a while. */
const slow = "Waiting for more of the recording…";
audio.addEventListener("waiting", () => {
  setTimeout(() => {
    if (audio.readyState < HTMLMediaElement.HAVE_FUTURE_DATA && !audio.paused) say(slow);
  }, 1000);
});
audio.addEventListener("playing", () => {
  if ($("message").textContent === slow) say("");
});
audio.addEventListener("ended", () => $("onward").checked && step(1, true));
document.addEventListener("keydown", onKey);
`;
