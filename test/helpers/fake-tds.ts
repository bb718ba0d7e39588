import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { parseBatch, parseLogin, parseRpc, type TdsStatement } from "./fake-tds-requests.ts";
import {
  columnMetadata,
  done,
  errorToken,
  loginAck,
  prelogin,
  returnStatus,
  row,
  type TdsColumn,
} from "./fake-tds-tokens.ts";

/** What the server answers a statement with: rows, and an error after them where one is given. */
export interface TdsAnswer {
  readonly columns?: readonly TdsColumn[];
  readonly rows?: Iterable<readonly unknown[]>;
  readonly error?: { readonly number: number; readonly message: string };
  /** Cuts the connection after the rows instead of ending the answer. */
  readonly cut?: boolean;
}

/** A server on 127.0.0.1 that speaks enough TDS 7.4 for a driver to log in, ask and stream. It knows no SQL. */
export interface FakeTds extends AsyncDisposable {
  readonly port: number;
  /** The statements that came, in order, without the driver's own settings. */
  readonly statements: readonly TdsStatement[];
  /** How many logins were tried. */
  readonly logins: () => number;
  /** How many rows were written so far. */
  readonly rowsSent: () => number;
}

const packets = { batch: 0x01, rpc: 0x03, attention: 0x06, login: 0x10, prelogin: 0x12, answer: 0x04 };

/** Starts the server; a login with other credentials gets error 18456. */
export async function startFakeTds(given: {
  readonly user: string;
  readonly password: string;
  answer(statement: TdsStatement): TdsAnswer;
}): Promise<FakeTds> {
  const statements: TdsStatement[] = [];
  const sockets = new Set<Socket>();
  let sent = 0;
  let logins = 0;

  const answer = async (socket: Socket, statement: TdsStatement, isRpc: boolean) => {
    if (/^\s*set /i.test(statement.sql)) return send(socket, [done(0)]);
    statements.push(statement);
    const { columns = [], rows = [], error, cut } = given.answer(statement);
    const write = openAnswer(socket);
    if (columns.length > 0) await write(columnMetadata(columns));
    for (const values of rows) {
      if (socket.destroyed) return;
      await write(row(columns, values));
      sent++;
    }
    if (cut) {
      await write.flush(false);
      socket.destroy();
      return;
    }
    if (error !== undefined) await write(errorToken(error.number, error.message));
    if (isRpc) await write(returnStatus());
    await write(done(error === undefined ? 0 : 2, isRpc));
    await write.flush(true);
  };

  const handle = async (socket: Socket, type: number, payload: Buffer) => {
    if (type === packets.prelogin) send(socket, [prelogin()]);
    else if (type === packets.attention) send(socket, [done(0x20)]);
    else if (type === packets.batch) await answer(socket, parseBatch(payload), false);
    else if (type === packets.rpc) await answer(socket, parseRpc(payload), true);
    else if (type === packets.login) {
      logins++;
      const { user, password } = parseLogin(payload);
      const welcome = user === given.user && password === given.password;
      send(socket, welcome ? [loginAck(), done(0)] : [errorToken(18456, `Login failed for user '${user}'.`), done(2)]);
    }
  };

  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => {});
    void readMessages(socket, (type, payload) => handle(socket, type, payload)).catch(() => socket.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    statements,
    logins: () => logins,
    rowsSent: () => sent,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

/** Puts packets together to messages and hands each on. */
async function readMessages(socket: Socket, handle: (type: number, payload: Buffer) => Promise<void>): Promise<void> {
  let rest: Buffer = Buffer.alloc(0);
  let message: Buffer[] = [];
  for await (const chunk of socket) {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= 8 && rest.length >= rest.readUInt16BE(2)) {
      const packet = rest.subarray(0, rest.readUInt16BE(2));
      rest = rest.subarray(packet.length);
      message.push(packet.subarray(8));
      if ((packet[1]! & 1) === 0) continue;
      const payload = Buffer.concat(message);
      message = [];
      await handle(packet[0]!, payload);
    }
  }
}

const packetBytes = 4096 - 8;

function send(socket: Socket, tokens: readonly Buffer[]): void {
  socket.write(packet(Buffer.concat(tokens), true));
}

function packet(payload: Buffer, isLast: boolean): Buffer {
  const head = Buffer.from([packets.answer, isLast ? 1 : 0, 0, 0, 0, 0, 1, 0]);
  head.writeUInt16BE(payload.length + 8, 2);
  return Buffer.concat([head, payload]);
}

/** Writes tokens as packets, no faster than they are read. */
function openAnswer(socket: Socket): ((token: Buffer) => Promise<void>) & { flush(isLast: boolean): Promise<void> } {
  let waiting: Buffer[] = [];
  let bytes = 0;
  const flush = async (isLast: boolean) => {
    const all = Buffer.concat(waiting);
    waiting = [];
    bytes = 0;
    let at = 0;
    do {
      const part = all.subarray(at, at + packetBytes);
      at += part.length;
      const drained = socket.write(packet(part, isLast && at >= all.length));
      if (!drained && !socket.destroyed) await Promise.race([once(socket, "drain"), once(socket, "close")]);
    } while (at < all.length);
  };
  const write = async (token: Buffer) => {
    waiting.push(token);
    bytes += token.length;
    if (bytes > 8 * packetBytes) await flush(false);
  };
  return Object.assign(write, { flush });
}
