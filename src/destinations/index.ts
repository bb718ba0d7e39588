import type { Writable } from "node:stream";
import type { Destination } from "../core/model/ports.ts";
import type { Store } from "../core/model/store.ts";
import type { DiskSettings } from "./disk/disk.ts";
import type { DiskStoreSettings } from "./disk/store.ts";

/** Opens where audio goes: `-` is the stream, anything else a folder. */
export async function openDestination(
  target: string,
  settings: DiskSettings & { readonly stdout?: Writable },
): Promise<Destination> {
  if (target === "-" && settings.stdout !== undefined) return (await import("./stdout.ts")).openStdout(settings.stdout);
  return (await import("./disk/disk.ts")).openDisk(target, settings);
}

/** What stands where audio goes, to read, list and delete. */
export async function openStore(target: string, settings: DiskStoreSettings = {}): Promise<Store> {
  return (await import("./disk/store.ts")).openDiskStore(target, settings);
}
