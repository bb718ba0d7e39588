import { randomBytes, randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { SandboxClock } from "../../clock.ts";
import type { EventLog } from "../../events.ts";
import type { Call } from "../calls/call.ts";
import type { RingCentralSettings } from "../settings.ts";
import { acceptPeer, type Peer } from "./frames.ts";
import { type CallMoment, sessionEvent } from "./notification.ts";

/** RingCentral's gateway for events: WebSockets that were let in by a token, each with one subscription at most. */
export interface Gateway {
  /** A token that opens one connection. */
  token(): { ws_access_token: string; uri: string; expires_in: number };
  /** Takes an upgrade, or refuses it. */
  upgrade(message: IncomingMessage, socket: Duplex): void;
  /** Tells every subscriber of a call. */
  notify(call: Call, moment: CallMoment): void;
  /** Ends every connection, as the gateway does once a day. */
  closeAll(): void;
  /** Cuts every line without a word. */
  cutAll(): void;
  /** How many connections have a subscription now. */
  subscribed(): number;
}

interface Connection {
  peer?: Peer;
  subscriptionId?: string;
  /** When the subscription ends, by the sandbox's clock. */
  untilMs?: number;
}

type Reply = (type: string, status: number, content?: object) => void;

const tokenSeconds = 30;

/** Opens a gateway that nobody is connected to. */
export function openGateway(
  { clock, events, settings }: { clock: SandboxClock; events: EventLog; settings: RingCentralSettings },
  api: string,
): Gateway {
  /** Until when each may be used. */
  const tokens = new Map<string, number>();
  const connections = new Set<Connection>();

  function answer(connection: Connection, text: string): void {
    const [meta, body] = JSON.parse(text) as [Record<string, string>, Record<string, unknown> | undefined];
    const reply: Reply = (type, status, content) =>
      connection.peer?.send(message({ type, messageId: meta.messageId ?? "", status }, content));
    // A gateway that hangs answers nothing at all.
    if (settings.events.mute) return;
    const isRequest =
      meta.type === "ClientRequest" && meta.method === "POST" && /\/subscription\/?$/.test(meta.path ?? "");
    if (meta.type === "Heartbeat") reply("Heartbeat", 200);
    else if (!isRequest) reply("Error", 400, { errorCode: "WSG-901", message: "Unknown request" });
    else if (settings.events.allowed) subscribe(connection, reply, (body?.eventFilters ?? []) as string[]);
    else {
      const error = { errorCode: "SUB-401", message: "Not allowed subscribe for events specified in request" };
      reply("ClientRequest", 403, { ...error, errors: [error] });
    }
  }

  function subscribe(connection: Connection, reply: Reply, filters: string[]): void {
    connection.subscriptionId = randomUUID();
    connection.untilMs = clock.now() + settings.events.subscriptionSeconds * 1000;
    events.record({ kind: "subscribed" });
    reply("ClientRequest", 200, subscription(connection, filters));
  }

  function subscription({ subscriptionId }: Connection, filters: string[]): object {
    const created = clock.now();
    return {
      uri: `${api}/restapi/v1.0/subscription/${subscriptionId}`,
      id: subscriptionId,
      creationTime: new Date(created).toISOString(),
      status: "Active",
      eventFilters: filters,
      expirationTime: new Date(created + settings.events.subscriptionSeconds * 1000).toISOString(),
      expiresIn: settings.events.subscriptionSeconds,
      deliveryMode: { transportType: "WebSocket", encryption: false },
    };
  }

  const message = (meta: object, body?: object) =>
    JSON.stringify([{ ...meta, headers: { RCRequestId: randomUUID() } }, ...(body === undefined ? [] : [body])]);

  return {
    token() {
      const token = randomBytes(24).toString("base64url");
      tokens.set(token, clock.now() + tokenSeconds * 1000);
      return { ws_access_token: token, uri: `${api.replace(/^http/, "ws")}/ws`, expires_in: tokenSeconds };
    },
    upgrade(request, socket) {
      const token = new URL(request.url ?? "/", api).searchParams.get("access_token") ?? "";
      const known = tokens.get(token);
      tokens.delete(token);
      if (known === undefined || known < clock.now()) {
        events.record({ kind: "socket-refused" });
        socket.end("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        return;
      }
      const connection: Connection = {};
      connections.add(connection);
      connection.peer = acceptPeer(request, socket, {
        text: (text) => answer(connection, text),
        closed: () => void connections.delete(connection),
      });
      events.record({ kind: "socket" });
      const details = {
        creationTime: new Date(clock.now()).toISOString(),
        maxConnectionsPerSession: 50,
        recoveryBufferSize: 100,
        recoveryTimeout: 180,
        idleTimeout: 1800,
        absoluteTimeout: 86_400,
        maxActiveRequests: 10,
      };
      const wsc = { token: randomBytes(24).toString("base64url"), sequence: 1 };
      connection.peer.send(message({ type: "ConnectionDetails", messageId: randomUUID(), status: 200, wsc }, details));
    },
    notify(call, moment) {
      for (const { peer, subscriptionId, untilMs = 0 } of connections) {
        if (subscriptionId === undefined || untilMs <= clock.now() || settings.events.mute) continue;
        const event = sessionEvent(call, moment, subscriptionId);
        peer?.send(message({ type: "ServerNotification", messageId: randomUUID(), status: 200 }, event));
      }
    },
    closeAll() {
      for (const { peer } of connections) {
        const error = { errorCode: "WSG-903", message: "Absolute timeout expired" };
        peer?.send(message({ type: "Error", messageId: randomUUID(), status: 408 }, error));
        peer?.close(1001, "");
      }
    },
    cutAll() {
      for (const { peer } of connections) peer?.cut();
    },
    subscribed: () => [...connections].filter(({ subscriptionId }) => subscriptionId !== undefined).length,
  };
}
