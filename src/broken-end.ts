import { subscribe } from "node:diagnostics_channel";
import type { Socket } from "node:net";

let broken = false;
let watching = false;

/**
 * Whether what just came was the error of a connection. undici takes a reset for the proper end of a body without an
 * announced length; asked within `onResponseEnd`, this tells the two apart.
 */
export function isBrokenEnd(): boolean {
  return broken;
}

/** Watches every connection that undici makes from now on in this thread. */
export function watchForBrokenEnds(): void {
  if (watching) return;
  watching = true;
  subscribe("undici:client:connected", (message) => {
    const { socket } = message as { readonly socket: Socket };
    // First of all listeners: undici's own ends the answer within the same emit.
    socket.prependListener("error", () => {
      broken = true;
      queueMicrotask(() => {
        broken = false;
      });
    });
  });
}
