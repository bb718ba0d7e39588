import type { Writable } from "node:stream";
import type { Destination } from "../core/model/ports.ts";
import type { DiskSettings } from "./disk/disk.ts";

/** Opens where audio goes: `-` is the stream, anything else a folder. */
export async function openDestination(
  target: string,
  settings: DiskSettings & { readonly stdout?: Writable },
): Promise<Destination> {
  if (target === "-" && settings.stdout !== undefined) return (await import("./stdout.ts")).openStdout(settings.stdout);
  return (await import("./disk/disk.ts")).openDisk(target, settings);
}
