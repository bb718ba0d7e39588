import { listScript } from "./script-list.ts";
import { playScript } from "./script-play.ts";
import { waveScript } from "./script-wave.ts";

/** The page's program. Data reaches the page as text alone (textContent), never as HTML. */
export const playerScript = `"use strict";
${listScript}
${playScript}
${waveScript}
showSession();
search();
openFromHash();
`;
