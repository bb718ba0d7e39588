import type { Dispatcher } from "undici";
import { RecordingError } from "../core/model/errors.ts";
import type { Receiver } from "../core/model/ports.ts";
import type { ResponseHead } from "../core/model/recording.ts";
import { mostAuthorities, shownUrl, splitUrl, type Target } from "./address.ts";
import { type AddressGuard, type AddressRule, openAddressGuard } from "./address-guard.ts";
import { bufferingReceiver } from "./buffering-receiver.ts";
import { type Decoder, openDecoder } from "./content-encoding.ts";
import { openDispatcher, type Route, timerMs } from "./dispatcher.ts";
import type { ProxySettings } from "./proxy.ts";
import { isBrokenEnd, socketError, wantsLogin, watchForBrokenEnds } from "./socket-error.ts";
import { type LowSpeed, openSpeedWatch, type SpeedWatch, type Watched } from "./speed-watch.ts";
import { sentBody, type Upload } from "./upload.ts";

/** How one source's hosts are reached. Plain data, so that it can cross into a thread. */
export interface HttpSettings {
  /** Connections per host; as many as transfers. */
  readonly connections: number;
  readonly connectTimeoutMs: number;
  /** Longest silence before the answer's head, and between two pieces of its body. */
  readonly timeoutMs: number;
  /** Ends transfers that trickle; 100 bytes a second over a minute unless told. */
  readonly lowSpeed?: LowSpeed;
  readonly userAgent: string;
  /** PEM texts of further certificate authorities. */
  readonly ca?: string;
  /** Accepts any certificate; announced loudly by whoever sets it. */
  readonly insecure?: boolean;
  readonly minTlsVersion?: "TLSv1" | "TLSv1.1" | "TLSv1.2" | "TLSv1.3";
  readonly proxy?: ProxySettings;
  /** Where the source's answers may lead; anywhere unless told. */
  readonly addresses?: AddressRule;
}

export interface HttpRequest {
  readonly method?: "GET" | "POST" | "PUT" | "HEAD" | "DELETE";
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** What comes in pieces needs a `content-length` among the headers. */
  readonly body?: Upload;
  /** Largest body taken into memory; 32 MiB unless told. */
  readonly maxBytes?: number;
}

export interface HttpAnswer extends ResponseHead {
  readonly body: Buffer;
}

/** One line of the request log: never a query string, never a header that could hold a secret. */
export interface RequestLog {
  readonly method: string;
  /** `https://host/path`. */
  readonly url: string;
  readonly status: number | undefined;
  readonly ms: number;
  /** RingCentral's RCRequestId, for their support. */
  readonly requestId?: string;
}

/** HTTP for one source. Redirects are not followed: the caller decides where a credential may go. */
export interface Http extends AsyncDisposable {
  /** A small answer, whole, whatever its status. Throws RecordingError only when no answer came. */
  request(request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer>;
  /** Streams the body into `receiver`; an error thrown by the receiver cuts the connection and is thrown here. */
  stream(request: HttpRequest, receiver: Receiver, signal: AbortSignal): Promise<void>;
}

/** Opens the one dispatcher of a source. */
export function openHttp(settings: HttpSettings, log?: (entry: RequestLog) => void): Http {
  watchForBrokenEnds();
  const guard = settings.addresses === undefined ? undefined : openAddressGuard(settings.addresses);
  const dispatcher = openDispatcher(settings, guard);
  const watch = openSpeedWatch(settings.lowSpeed ?? usualLowSpeed, timerMs(settings.timeoutMs));
  const client = { dispatcher, watch, guard, cleared: new Set<string>(), userAgent: settings.userAgent, log };
  const send = (request: HttpRequest, receiver: Receiver, signal: AbortSignal) =>
    dispatch(client, request, receiver, signal);
  return {
    stream: send,
    async request(request, signal) {
      const buffer = bufferingReceiver(request.maxBytes ?? 32 * 1024 * 1024);
      await send(request, buffer, signal);
      return buffer.answer();
    },
    async [Symbol.asyncDispose]() {
      watch[Symbol.dispose]();
      await dispatcher.destroy();
    },
  };
}

const usualLowSpeed: LowSpeed = { bytes: 100, overMs: 60_000 };

/** What a client has for all its requests. */
interface Client {
  readonly dispatcher: Route;
  readonly guard: AddressGuard | undefined;
  /** Origins that the guard has let through. */
  readonly cleared: Set<string>;
  readonly watch: SpeedWatch;
  readonly userAgent: string;
  readonly log: ((entry: RequestLog) => void) | undefined;
}

function dispatch(client: Client, request: HttpRequest, receiver: Receiver, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.reject(signal.reason);
  const target = splitUrl(request.url);
  if (client.guard === undefined || client.cleared.has(target.origin)) {
    return exchange(client, target, request, receiver, signal);
  }
  return client.guard.check(new URL(target.origin).hostname).then(() => {
    signal.throwIfAborted();
    if (client.cleared.size < mostAuthorities) client.cleared.add(target.origin);
    return exchange(client, target, request, receiver, signal);
  });
}

function exchange(
  client: Client,
  { origin, host, path }: Target,
  request: HttpRequest,
  receiver: Receiver,
  signal: AbortSignal,
): Promise<void> {
  const method = request.method ?? "GET";
  const headers = ["user-agent", client.userAgent, "accept-encoding", "identity"];
  for (const name in request.headers) headers.push(name, request.headers[name] as string);
  const via = client.dispatcher.via(origin);
  return new Promise<void>((resolve, reject) => {
    const said = via === undefined ? host : `${host} (through the proxy ${via})`;
    const each = new Exchange({ client, request, host: said, proxied: via, receiver, signal, resolve, reject });
    client.dispatcher.dispatch({ origin, path, method, headers, body: sentBody(request.body, each) }, each);
  });
}

interface Call {
  readonly client: Client;
  readonly request: HttpRequest;
  readonly host: string;
  /** The proxy that was asked. */
  readonly proxied: string | undefined;
  readonly receiver: Receiver;
  readonly signal: AbortSignal;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** One request and its answer: hands on what comes, and ends once, however it ends. */
class Exchange implements Dispatcher.DispatchHandler, Watched {
  readonly #call: Call;
  readonly #started = performance.now();
  readonly #onAbort = () => this.#end(this.#call.signal.reason);
  #controller: Dispatcher.DispatchController | undefined;
  #receiver: Receiver;
  #decoder: Decoder | undefined;
  #head: ResponseHead | undefined;
  #ended = false;
  received = 0;
  sent = 0;
  heldBack = false;

  constructor(call: Call) {
    this.#call = call;
    this.#receiver = call.receiver;
    call.signal.addEventListener("abort", this.#onAbort, { once: true });
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#ended) controller.abort(new Error("aborted"));
    else this.#call.client.watch.add(this, this.#call.host);
  }

  get hasHead(): boolean {
    return this.#head !== undefined;
  }

  fail(error: RecordingError): void {
    this.#end(error);
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (status < 200) return;
    if (status === 407 && this.#call.proxied !== undefined) {
      this.#end(wantsLogin(this.#call.proxied));
      return;
    }
    this.#head = { status, headers: flatHeaders(headers) };
    try {
      if (headers["content-encoding"] !== undefined) this.#decode(this.#head);
      this.#receiver.head(this.#head);
    } catch (error) {
      this.#end(error);
    }
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#ended) return;
    this.received += chunk.byteLength;
    try {
      const pause = this.#receiver.chunk(chunk);
      if (pause !== undefined) this.#holdBack(controller, pause);
    } catch (error) {
      this.#end(error);
    }
  }

  onResponseEnd(): void {
    if (isBrokenEnd()) this.#end(new RecordingError("reset", `${this.#call.host}: connection reset.`));
    else if (this.#decoder === undefined) this.#end();
    else {
      this.#decoder.end().then(
        () => this.#end(),
        (error: unknown) => this.#end(error),
      );
    }
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#end(socketError(error, this.#call.host, { unsent: this.#controller === undefined }));
  }

  #decode(head: ResponseHead): void {
    this.#decoder = openDecoder(head, this.#call.receiver, this.#call.host);
    this.#receiver = this.#decoder ?? this.#receiver;
  }

  #holdBack(controller: Dispatcher.DispatchController, pause: Promise<void>): void {
    controller.pause();
    this.heldBack = true;
    pause.then(
      () => {
        this.heldBack = false;
        controller.resume();
      },
      (error: unknown) => this.#end(error),
    );
  }

  #end(error?: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    const { client, signal, resolve, reject } = this.#call;
    client.watch.delete(this);
    signal.removeEventListener("abort", this.#onAbort);
    this.#log();
    if (error === undefined) resolve();
    else {
      this.#decoder?.destroy();
      this.#controller?.abort(error instanceof Error ? error : new Error(String(error)));
      reject(error);
    }
  }

  #log(): void {
    const { client, request } = this.#call;
    client.log?.({
      method: request.method ?? "GET",
      url: shownUrl(request.url),
      status: this.#head?.status,
      ms: performance.now() - this.#started,
      ...requestId(this.#head),
    });
  }
}

/** undici has the names in lower case. */
function flatHeaders(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  const flat: Record<string, string> = {};
  for (const name in headers) {
    const value = headers[name];
    if (value !== undefined) flat[name] = typeof value === "string" ? value : value.join(", ");
  }
  return flat;
}

function requestId(head: ResponseHead | undefined): { requestId?: string } {
  const id = head?.headers.rcrequestid;
  return id === undefined ? {} : { requestId: id.replace(/[^\w-]/g, "").slice(0, 64) };
}
