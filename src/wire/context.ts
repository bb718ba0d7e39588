import type { Settings } from "../config.ts";
import type { DownloadEvent } from "../core/events.ts";
import type { RequestLog } from "../http.ts";
import type { Io } from "../io.ts";

/** What wiring needs of a command: the settings, the world, and who hears events and requests. */
export interface Wiring {
  readonly settings: Settings;
  readonly io: Io;
  readonly report: (event: DownloadEvent) => void;
  readonly logRequest?: (entry: RequestLog) => void;
  /** Told every secret as soon as it is read, so that no output can hold it. */
  readonly keepSecret: (secret: string) => void;
}
