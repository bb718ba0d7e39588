import { listScript } from "./script-list.ts";
import { mediaScript } from "./script-media.ts";
import { playScript } from "./script-play.ts";
import { searchScript } from "./script-search.ts";
import { spokenScript } from "./script-spoken.ts";
import { wordsScript } from "./script-words.ts";

/** The waveform: drawn from the audio, by the player's word or by what the browser decodes. */
export const waveScript = `
/** What is decoded here, for all of it must be in memory at once; of longer sound a line is shown. */
const mostDecoded = { bytes: 8 * 1024 * 1024, seconds: 3600 };
const wave = { known: new Map(), leave: undefined };

/** Draws how loud the recording is, as soon as all of it is in the archive. */
async function showWave(item, turn) {
  if (wave.leave) wave.leave.abort();
  wave.leave = new AbortController();
  const peaks = wave.known.get(item.key) || (await findPeaks(item, turn, wave.leave.signal).catch(() => undefined));
  if (!peaks || turn !== player.turn) return;
  wave.known.set(item.key, peaks);
  if (wave.known.size > 100) wave.known.delete(wave.known.keys().next().value);
  player.peaks = peaks;
  draw();
}

async function findPeaks(item, turn, signal) {
  for (;;) {
    const answer = await getJson("/api/peaks/" + item.key);
    if (!answer.coming) arrived(item);
    if (answer.peaks) return answer.peaks;
    if (!answer.coming) return decodePeaks(item, signal);
    await new Promise((resolve) => setTimeout(resolve, 2000));
    if (turn !== player.turn || audio.error) return undefined;
  }
}

async function decodePeaks(item, signal) {
  if (length() > mostDecoded.seconds) return undefined;
  const response = await fetch("/r/" + item.key, { signal });
  if (!response.ok || Number(response.headers.get("content-length")) > mostDecoded.bytes) {
    if (response.body) await response.body.cancel();
    return undefined;
  }
  // The rate to which it is decoded: enough to see, little to hold.
  const decoder = new OfflineAudioContext(1, 1, 8000);
  return peaksOf(await decoder.decodeAudioData(await response.arrayBuffer()));
}

/** The loudest sample of all channels in each of 800 pieces, from 0 to 100. */
function peaksOf(sound) {
  const channels = Array.from({ length: sound.numberOfChannels }, (_, channel) => sound.getChannelData(channel));
  const peaks = new Array(Math.min(800, sound.length)).fill(0);
  for (let slot = 0; slot < peaks.length; slot += 1) {
    const from = Math.floor((slot * sound.length) / peaks.length);
    const to = Math.floor(((slot + 1) * sound.length) / peaks.length);
    let loudest = 0;
    for (const channel of channels) {
      for (let at = from; at < to; at += 1) loudest = Math.max(loudest, Math.abs(channel[at]));
    }
    peaks[slot] = Math.round(100 * Math.min(1, loudest));
  }
  return peaks;
}

function draw() {
  const canvas = $("wave");
  const { clientWidth, clientHeight } = canvas;
  const scale = window.devicePixelRatio || 1;
  canvas.width = Math.max(1, Math.round(clientWidth * scale));
  canvas.height = Math.max(1, Math.round(clientHeight * scale));
  const pen = canvas.getContext("2d");
  const look = getComputedStyle(document.documentElement);
  const [heard, rest] = [look.getPropertyValue("--main"), look.getPropertyValue("--wave")];
  const at = length() ? audio.currentTime / length() : 0;
  const bars = Math.max(1, Math.floor(clientWidth / 3));
  const top = player.peaks ? Math.max(1, ...player.peaks) : 1;
  for (let bar = 0; bar < bars; bar += 1) {
    const loud = player.peaks ? peak(bar / bars, (bar + 1) / bars) / top : 0;
    const height = Math.max(2 * scale, loud * canvas.height);
    pen.fillStyle = (bar + 1) / bars <= at ? heard : rest;
    pen.fillRect((bar * canvas.width) / bars, (canvas.height - height) / 2, Math.max(1, 2 * scale), height);
  }
  pen.fillStyle = heard;
  pen.fillRect(Math.min(at * canvas.width, canvas.width - 2 * scale), 0, 2 * scale, canvas.height);
}

function peak(from, to) {
  const { peaks } = player;
  const first = Math.floor(from * peaks.length);
  return Math.max(0, ...peaks.slice(first, Math.max(first + 1, Math.floor(to * peaks.length))));
}

window.addEventListener("resize", draw);
`;

/** The page's program. Data reaches the page as text alone (textContent), never as HTML. */
export const playerScript = `"use strict";
${wordsScript}
${listScript}
${searchScript}
${playScript}
${mediaScript}
${spokenScript}
${waveScript}
showSession();
search();
openFromHash();
`;
