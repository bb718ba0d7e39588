/** What the browser and the system show of the recording that plays: the page's title, the keys of headsets and keyboards. */
export const mediaScript = `
const pageTitle = document.title;

function showMedia(item) {
  showState();
  if (!navigator.mediaSession) return;
  navigator.mediaSession.metadata = new MediaMetadata({ title: other(item), artist: agent(item), album: when(item) });
}

function showState() {
  if (!player.item) return;
  document.title = (audio.paused ? "" : "▶ ") + other(player.item) + " – " + pageTitle;
  for (const each of document.querySelectorAll(".call.playing")) each.classList.remove("playing");
  const chosen = audio.paused ? undefined : itemButton(player.item.key);
  if (chosen) chosen.classList.add("playing");
  for (const each of document.querySelectorAll(".call .sign.play use, .call .sign.pause use")) {
    const isPlaying = each.closest(".call") === chosen;
    each.setAttribute("href", isPlaying ? "#i-pause" : "#i-play");
  }
  if (!navigator.mediaSession) return;
  navigator.mediaSession.playbackState = audio.paused ? "paused" : "playing";
  if (!Number.isFinite(audio.duration) || audio.currentTime > audio.duration) return;
  const { duration, playbackRate, currentTime } = audio;
  navigator.mediaSession.setPositionState({ duration, playbackRate, position: currentTime });
}

const mediaKeys = {
  play,
  pause: () => audio.pause(),
  seekbackward: ({ seekOffset }) => jump(-(seekOffset || 10)),
  seekforward: ({ seekOffset }) => jump(seekOffset || 10),
  seekto: ({ seekTime }) => jump(seekTime - audio.currentTime),
  previoustrack: () => step(-1),
  nexttrack: () => step(1),
};
for (const [name, act] of Object.entries(navigator.mediaSession ? mediaKeys : {})) {
  try {
    navigator.mediaSession.setActionHandler(name, act);
  } catch {
    // A key that this browser does not know.
  }
}
audio.addEventListener("seeked", showState);
`;
