// Asking agents over ARCP 1.1.

import type { ErrorCode } from "../../error-codes.js";
import type { ArcgateError } from "../../errors.js";
import type { Bearer } from "../../token/types.js";
import type { EventBodies } from "../event-bodies.js";

/** How a client shows who it is (ARCP 1.1 §6.1). */
export type ArcpAuth =
  | { scheme: "bearer"; token: Bearer }
  | { scheme: "none" }
  /** A scheme of a runtime's own; its credential may be any text without control characters. */
  | { scheme: `x-vendor.${string}`; token?: Bearer };

export interface ArcpClientOptions {
  /** Who asks. */
  client: { name: string; version: string };
  /** Asked for a token at every connection. */
  auth: ArcpAuth;
  /** The features that are offered (ARCP 1.1 §6.2); all that the protocol has by default. */
  features?: readonly string[];
  /** From the beginning of a connection to its welcome; 10 000 by default. */
  handshakeTimeoutMs?: number;
  /** How long the answer to a request may take; 30 000 by default. */
  requestTimeoutMs?: number;
  /** The largest result that comes in chunks; 64 MiB by default. */
  maxResultBytes?: number;
  /**
   * Whether a connection that is lost is made again, and the session resumed; true by default. Pauses are random, up to a bound
   * that doubles to `maxDelayMs` (30 000). Without `maxAttempts` it is tried for as long as it takes;
   * they are counted from the last connection that held for 10 s, or of which something came (an event, an answer).
   */
  reconnect?: boolean | { maxDelayMs?: number; maxAttempts?: number };
  /** Asked when an open session loses its connection: false ends it. */
  shouldRetry?: (event: ClosedEvent) => boolean;
  /** A WebSocket class, for platforms without one (Node before 22): that of `ws`, or of `undici`. */
  WebSocket?: WebSocketClass;
  /** Gives the connecting up, and later closes the session. */
  signal?: AbortSignal;
  /** Hears what happens to the session and its connections. What it throws harms nobody. */
  onEvent?: (event: SessionEvent) => void;
  /** Hosts in a network of your own to which plain http and ws may go, such as "keycloak:8080": as JwtVerifier has them. Default: none. */
  insecureHosts?: readonly string[];
}

/** A class of sockets: the platform's, or that of a package. */
export type WebSocketClass = new (url: string) => WebSocketLike;

/** What this package uses of a WebSocket. */
export interface WebSocketLike {
  binaryType: string;
  readonly readyState: number;
  addEventListener(type: "open" | "error", listener: () => void): void;
  addEventListener(type: "message", listener: (event: { data: unknown }) => void): void;
  addEventListener(type: "close", listener: (event: ClosedEvent) => void): void;
  send(text: string): void;
  close(code?: number, reason?: string): void;
}

/** How a connection ended (RFC 6455 §7.1.5, §7.1.6). */
export interface ClosedEvent {
  code: number;
  reason: string;
  wasClean: boolean;
}

/** What happens to a session. `time` is a NumericDate. */
export type SessionEvent = { readonly time: number } & (
  | { type: "connecting"; attempt: number }
  /** A new session. */
  | { type: "open"; sessionId: string }
  /** The same session on another connection. */
  | { type: "resumed"; sessionId: string }
  /** The same, because the token was about to end. */
  | { type: "tokenRefreshed"; sessionId: string }
  | { type: "reconnecting"; attempt: number; delayMs: number; code: ErrorCode; reason: string }
  /**
   * What can't be had any more. A session's end or a lost result fails the jobs that are named; after EVENTS they go on without
   * what they sent while nobody listened (or what nobody read, beyond what is kept), and after GAP the events with the numbers from
   * `fromSeq` to `toSeq` are missing. UNREADABLE: what can't be read was passed over; `message` says why.
   */
  | {
      type: "lost";
      reason: "RESUME_WINDOW_EXPIRED" | "NOT_RESUMED" | "RESULT" | "EVENTS" | "GAP" | "UNREADABLE" | (string & {});
      jobs: string[];
      fromSeq?: number;
      toSeq?: number;
      message?: string;
    }
  /** An error of the runtime that belongs to no request. */
  | { type: "error"; error: ArcgateError }
  /** Over; `code` is CLOSED after `close()`. */
  | { type: "closed"; code: "CLOSED" | ErrorCode; reason: string; error?: ArcgateError }
);

/** What `ArcpClient.submit` takes: a `job.submit` (ARCP 1.1 §7.1). */
export interface JobRequest {
  /** `name`, or `name@version`. */
  agent: string;
  /** What the agent is given: data that JSON can hold. */
  input?: unknown;
  /** As in ARCP 1.1 §9: `{ "fs.read": ["/src/**"], "cost.budget": ["USD:5.00"] }`. */
  leaseRequest?: object;
  /** `{ expires_at: "2030-01-01T00:00:00Z" }` */
  leaseConstraints?: object;
  /** The same key and the same request mean the same job: only so can a submit be repeated after a lost connection. */
  idempotencyKey?: string;
  /** How long it may run; the runtime ends it then (TIMEOUT). Default: as the runtime has it. */
  maxRuntimeSec?: number;
  /** 32 digits of lower-case hex; a random one by default. */
  traceId?: string;
  /** Gives the waiting up; a job that is accepted later is cancelled. */
  signal?: AbortSignal;
}

/** What `ArcpClient.listJobs` takes (ARCP 1.1 §6.6). Without members: all, from the first page on. */
export interface JobFilter {
  /** Jobs in this state, or one of these: "running", "success", … */
  status?: string | readonly string[];
  /** Jobs of this agent. */
  agent?: string;
  /** Jobs that were accepted later than this, in RFC 3339. */
  createdAfter?: string;
  /** How many a page has at most. Default: as the runtime has it. */
  limit?: number;
  /** `nextCursor` of the page before. */
  cursor?: string;
  /** Gives the waiting up. */
  signal?: AbortSignal;
}

/** What `ArcpClient.subscribe` takes beside the job. */
export interface SubscribeOptions {
  /** Whether what the job has sent before comes, too, as far as the runtime has it. Default: false. */
  history?: boolean;
  /** Only events after this number, counted as in the session that submitted the job (`lastEventSeq` of a list). With history. */
  fromEventSeq?: number;
  /** Gives the waiting up. */
  signal?: AbortSignal;
}

/** What `ArcpClient.listJobs` gives. */
export interface JobPage {
  /** What else the runtime says of a job is there too, by its own names. */
  jobs: (Record<string, unknown> & {
    id: string;
    agent: string;
    status: string;
    createdAt?: string;
    parentJobId?: string;
    traceId?: string;
    lastEventSeq?: number;
  })[];
  /** For the next page; not there on the last one. */
  nextCursor?: string;
}

/**
 * A job. Its events are read once, in order; leaving the loop gives up those that would follow. From 256 unread ones on the runtime
 * holds the rest back, or the job is unsubscribed until it is read, so that no other waits for it. What can't be had again, of more
 * than 4096 unread ones (or 16 MiB), or of more than 256 (1 MiB) when `result` is waited for and nobody reads, is dropped: an event
 * of the kind `x-vendor.arcgate.dropped` says how many, and the session's event `lost` of which job.
 *
 * The loop ends when the job does, whatever its outcome, and throws when events are lost with the session.
 */
export interface Job extends AsyncIterable<JobEvent> {
  readonly id: string;
  readonly agent: string;
  readonly traceId: string | undefined;
  /** The payload of `job.accepted` or `job.subscribed`: lease, budget, credentials. Those are secrets. */
  readonly details: Readonly<Record<string, unknown>>;
  /**
   * What the agent gives. A result that came in chunks is a string, or a Uint8Array if any of them is binary. Rejects with
   * ERR_REMOTE (`details.code` is the protocol's: CANCELLED, TIMEOUT, …), ERR_SESSION_LOST, ERR_PROTOCOL or ERR_ABORTED; never
   * becomes an unhandled rejection.
   */
  readonly result: Promise<unknown>;
  /** Asks for the job's end (§7.4); settles when the runtime agrees, or the job has ended. */
  cancel(reason?: string, options?: { signal?: AbortSignal }): Promise<void>;
  /** Gives the events up. A job of this session goes on, and its result comes. */
  unsubscribe(): Promise<void>;
}

/**
 * An event of a job (ARCP 1.1 §8.2): `kind` tells what its `body` says. The types are those of the specification; whether a runtime keeps
 * to them is not looked at, and one of a later version may send kinds that are not here: pass over those.
 */
export type JobEvent = {
  /** When, in RFC 3339. */
  ts: string;
  /** `event_seq`; not on events of this client's own. */
  seq?: number;
} & {
  [Kind in keyof ClientEventBodies]: { kind: Kind; body: ClientEventBodies[Kind] & More };
}[keyof ClientEventBodies];

/** What else a body says. */
type More = { [name: string]: unknown };

interface ClientEventBodies extends EventBodies {
  delegate: { delegate_id: string; agent: string; input?: unknown; lease_request?: object; lease_constraints?: object };
  /** A piece of the result, which `result` gives as a whole. */
  result_chunk: { result_id: string; chunk_seq: number; data: string; encoding: "utf8" | "base64"; more: boolean };
  /** Kinds of somebody's own. `x-vendor.arcgate.dropped` stands where events are missing: `count` is how many, at least. */
  [vendors: `x-vendor.${string}`]: { [name: string]: unknown };
}
