import { join } from "node:path";
import { type Settings, stateFolder } from "../cli/config.ts";
import type { Io } from "../cli/io.ts";
import { mostTransfers } from "../cli/options/download.ts";
import { type Adaptive, openAdaptive } from "../core/download/adaptive.ts";
import type { LinkSource } from "../core/model/ports.ts";
import type { SourceName } from "../core/model/recording.ts";
import { makeFolders } from "../platform/make-folders.ts";
import { readSmallFile } from "../platform/small-file.ts";
import { replaceFile } from "../platform/whole-file.ts";
import { ringcentralHosts } from "./http.ts";

/** Enough to learn from within the time of one recording; trial does the rest. */
const first = 8;
/** RingCentral's media hosts serve a continent; a TIM is one old Windows server. */
const mostOf: Readonly<Record<SourceName, number>> = { ringcentral: 64, tim: 16 };

/** The downloads at once of a run: the number that was set, or one that is found by trying, from where the last run ended. */
export function transfersOf(
  settings: Settings,
  sources: ReadonlyMap<SourceName, LinkSource>,
  io: Io,
): number | Adaptive {
  const { transfers } = settings;
  if (typeof transfers === "number") return transfers;
  const last = readNumbers(io);
  return openAdaptive(io.clock, (source) => {
    const most = transfers?.most ?? mostOf[source];
    return {
      first: last[numberName(source, settings)] ?? first,
      // More than a minute's requests at once would only wait for leave to ask.
      most: () => Math.min(most, Math.max(1, sources.get(source)?.ratePerMinute?.() ?? most)),
    };
  });
}

/** Keeps what a run learned. That it cannot be kept costs the next run some seconds, so nobody is told. */
export function keepNumbers(transfers: number | Adaptive, settings: Settings, io: Io): void {
  if (typeof transfers === "number") return;
  const learned = [...transfers.learned()].map(([source, number]) => [numberName(source, settings), number]);
  if (learned.length === 0) return;
  const path = numbersFile(io);
  try {
    makeFolders(stateFolder(io.env));
    replaceFile(path, JSON.stringify({ ...readNumbers(io), ...Object.fromEntries(learned) }));
  } catch {
    // Begun anew the next time.
  }
}

/** Numbers by source and host; whatever else the file holds is left out. */
function readNumbers(io: Io): Readonly<Record<string, number>> {
  try {
    const numbers = Object.entries(JSON.parse(readSmallFile(numbersFile(io), 65_536)) as Record<string, unknown>);
    return Object.fromEntries(numbers.filter(isNumber));
  } catch {
    return {};
  }
}

function isNumber(each: [string, unknown]): each is [string, number] {
  return Number.isInteger(each[1]) && (each[1] as number) >= 1 && (each[1] as number) <= mostTransfers(undefined);
}

function numberName(source: SourceName, settings: Settings): string {
  const { mediaServer } = ringcentralHosts(settings);
  return `${source} ${source === "ringcentral" ? mediaServer : settings.timUrl}`;
}

function numbersFile({ env }: Io): string {
  return join(stateFolder(env), "transfers.json");
}
