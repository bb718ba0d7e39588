import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";

/** One WebSocket connection as its server sees it (RFC 6455), for short texts. */
export interface Peer {
  send(text: string): void;
  /** Ends it in the protocol's way. */
  close(code: number, reason: string): void;
  /** Cuts the line. */
  cut(): void;
}

export interface PeerHooks {
  text(text: string): void;
  closed(): void;
}

const magic = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const opcodes = { text: 1, close: 8, ping: 9, pong: 10 };

/** Takes an upgrade to a WebSocket. */
export function acceptPeer(message: IncomingMessage, socket: Duplex, hooks: PeerHooks): Peer {
  const key = String(message.headers["sec-websocket-key"] ?? "");
  const accept = createHash("sha1")
    .update(key + magic)
    .digest("base64");
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
  );
  const close = (code: number, reason: string) => {
    const body = Buffer.alloc(2 + Buffer.byteLength(reason));
    body.writeUInt16BE(code);
    body.write(reason, 2);
    if (!socket.destroyed) socket.end(frame(opcodes.close, body));
  };
  let held = Buffer.alloc(0);
  socket.on("data", (chunk: Buffer) => {
    held = Buffer.concat([held, chunk]);
    for (let read = readFrame(held); read !== undefined; read = readFrame(held)) {
      held = held.subarray(read.length);
      if (read.opcode === opcodes.text) hooks.text(read.payload.toString("utf8"));
      if (read.opcode === opcodes.ping) socket.write(frame(opcodes.pong, read.payload));
      if (read.opcode === opcodes.close) close(1000, "");
    }
  });
  socket.on("error", () => {});
  socket.on("close", hooks.closed);
  return {
    send: (text) => {
      if (!socket.destroyed) socket.write(frame(opcodes.text, Buffer.from(text)));
    },
    close,
    cut: () => socket.destroy(),
  };
}

/** A whole frame, unmasked as servers send them. */
function frame(opcode: number, payload: Buffer): Buffer {
  const { length } = payload;
  const head =
    length < 126 ? Buffer.from([0x80 | opcode, length]) : Buffer.from([0x80 | opcode, 126, length >> 8, length & 255]);
  return Buffer.concat([head, payload]);
}

/** The first frame of what arrived, which clients mask; undefined until it is whole. */
function readFrame(bytes: Buffer): { opcode: number; payload: Buffer; length: number } | undefined {
  if (bytes.length < 2) return undefined;
  const short = (bytes[1] as number) & 127;
  const start = short === 126 ? 4 : 2;
  if (bytes.length < start + 4) return undefined;
  const size = short === 126 ? bytes.readUInt16BE(2) : short;
  const length = start + 4 + size;
  if (bytes.length < length) return undefined;
  const mask = bytes.subarray(start, start + 4);
  const payload = Buffer.from(bytes.subarray(start + 4, length));
  for (const [at, byte] of payload.entries()) payload[at] = byte ^ (mask[at % 4] as number);
  return { opcode: (bytes[0] as number) & 15, payload, length };
}
