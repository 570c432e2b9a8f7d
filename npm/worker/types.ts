// The Worker in front of agents: what it is made of, and what it gives.

import type { Agent, JobPolicy } from "../arcp/runtime/types.js";
import type { CryptoKeyLike, PlatformRequest, PlatformRequestInit } from "../platform/types.js";
import type { Jwk } from "../verify/provider-types.js";
import type { Principal, Verifier } from "../verify/types.js";
import type { AuditEvent } from "./audit-types.js";

export interface ArcgateWorker<Env = unknown> {
  fetch(request: PlatformRequest, env: Env, ctx: WorkerContext): Promise<Response>;
  /**
   * The Durable Object that runs `agents` over ARCP: export it, and bind it as RUNTIME_HUB. It depends on `agents`, `policy`,
   * `limits` and `audit` alone. docs/embedded-runtime.md says what it keeps, and for how long.
   */
  readonly RuntimeHub: RuntimeHubClass;
  /**
   * The Durable Object that holds a principal's sessions with `arcp.upstream`, where `arcp.hold` says so: export it, and bind it as
   * SESSION_HOLD. docs/upstream.md says what it keeps, and what it costs.
   */
  readonly SessionHold: SessionHoldClass;
  /**
   * Revokes tokens (docs/revocation.md). Every isolate knows it 2 s after this has resolved; live sessions end within 5 s.
   * Needs a namespace of RevocationStore bound as `REVOCATIONS`. Throws an ArcgateError: `ERR_CONFIG`, or
   * `ERR_VERIFIER_UNAVAILABLE` when the store can't be reached or is full.
   */
  revoke(env: Env, entry: Revocation): Promise<void>;
}

/** What this package uses of the platform's ExecutionContext. */
export interface WorkerContext {
  waitUntil(promise: Promise<unknown>): void;
  /** Ends the request and its sockets: used on a client that answers no close. */
  abort?(reason?: unknown): void;
}

export interface WorkerOptions<Env = unknown> {
  /** Who is let in: a verifier, the promise of one, or a function that makes one of the environment, once. */
  verifier: Verifier | Promise<Verifier> | ((env: Env) => Verifier | Promise<Verifier>);
  /** By "name" or "name@version"; without a version, a call goes to the last one listed. */
  agents?: Record<string, Agent>;
  arc?: {
    /** The agents' own server: a URL (`https:`; `http:` on loopback only), or a service binding. Default: `agents`. */
    upstream?: string | ServiceBinding;
    /** As whom the upstream knows each user. There is no default. */
    upstreamAuth?: UpstreamAuth;
    /** Method -> scopes, all of which are needed. Replaces the specification's matrix for the methods named. */
    scopes?: Record<string, string[]>;
    /** Whether `requestAgent` must be the principal's id. Default: false. */
    bindRequestAgent?: boolean;
  };
  /** ARCP 1.1 at `GET /arcp`; docs/arcp-gate.md says what the gate does. */
  arcp?: {
    /** The runtime behind: a URL (`wss:` or `https:`; `ws:` and `http:` on loopback only), or a service binding. */
    upstream?: string | ServiceBinding;
    /** As whom the upstream knows each user. There is no default. */
    upstreamAuth?: UpstreamAuth;
    /**
     * Sessions are held in SessionHold, for a runtime that loses what happens while nobody is connected: what a client has missed
     * comes once when it is back. Needs the binding SESSION_HOLD. Default: false.
     */
    hold?: boolean;
    /** Scopes that a session needs, and those that `job.submit` needs: all of them. Default: none. */
    scopes?: { connect?: string[]; submit?: string[] };
    /** Seals the upstream's resume tokens: 32 bytes at least. Default: derived from the assertion's key, or else random. */
    resumeKey?: string | Uint8Array;
    /** How often the gate and a client hear of each other (ARCP 1.1 §6.4). Default: 30. */
    heartbeatIntervalSec?: number;
  };
  /** Who may watch and cancel jobs besides whoever submitted them. Default: nobody. */
  policy?: JobPolicy;
  /**
   * Which hub serves a principal: a name of 1 to 512 characters. Sessions, jobs and policies are those of one hub. Default: one
   * for each principal, from the hash of its key.
   */
  hubFor?: (principal: Principal) => string | Promise<string>;
  /** In front of every route, such as "/api". */
  basePath?: string;
  /** Pages that may call, besides those of the same origin. */
  allowedOrigins?: string[];
  /** Names under which this Worker may be called. Without them, pages are served on loopback only. */
  allowedHosts?: string[];
  limits?: WorkerLimits;
  /** Takes each decision; by default it is logged as a line of JSON. */
  audit?: (event: AuditEvent) => void | Promise<void>;
  /** Hosts in a network of your own to which the upstreams' plain http and ws may go, such as "agents:8080". Default: none. */
  insecureHosts?: readonly string[];
}

export interface WorkerLimits {
  /** Default: 1 MiB. */
  maxBodyBytes?: number;
  /** For a body, from its first byte to its last. Default: 30000. */
  bodyTimeoutMs?: number;
  /** One principal's requests of `/arc` in an isolate: raise it where a fleet of machines shares one. Default: 100. */
  maxRequestsPerPrincipal?: number;
  /** Of them, those whose body is still coming. Default: 32. */
  maxBodiesPerPrincipal?: number;
  /** The bytes of their bodies together. Default: 16 MiB. */
  maxBodyBytesPerPrincipal?: number;
  /** The bytes of one principal's bodies a second; four seconds' worth, and always two bodies, may come at once. Default: 4 MiB. */
  maxBodyBytesPerSec?: number;
  /** An upstream's answer, or an agent's result; of an upstream's stream, an event. Default: 10 MiB. */
  maxAnswerBytes?: number;
  /** For an agent's or an upstream's answer, the end of a stream included. Default: 300000. */
  agentTimeoutMs?: number;
  /** Where `REVOCATIONS` is bound: entries are kept so long, and tokens that live longer are refused. Default: 31 days. */
  maxTokenLifetimeSec?: number;
  /** How long after its token's end a stream is cut, unless the verifier says it itself. Default: 30. */
  clockToleranceSec?: number;
  /** From the upgrade to the client's hello. Default: 10000. */
  helloTimeoutMs?: number;
  /** For the verifier's answer, to a hello or to a request of `/arc`. Default: 15000. */
  verifyTimeoutMs?: number;
  /** From there to the upstream's welcome. Default: 10000. */
  upstreamTimeoutMs?: number;
  /** How often a live session's credential is looked up among the revoked. Default: 4000. */
  revocationIntervalMs?: number;
  /** How long a client without heartbeats may say nothing before its session is closed, to be resumed. Default: 600000. */
  idleTimeoutMs?: number;
  /** A frame before the welcome. Default: 64 KiB. */
  maxHelloBytes?: number;
  /** A client's frame after it. Default: 1 MiB. */
  maxFrameBytes?: number;
  /** A frame of the upstream's. Default: 4 MiB. */
  maxUpstreamFrameBytes?: number;
  /** What may wait to be sent to one side of a session. Default: 4 MiB. */
  maxBufferedBytes?: number;
  /**
   * A session's frames a second, on average; ten seconds' worth may come at once. All sessions of a principal in an isolate have
   * five times as much together. Default: 200.
   */
  maxFramesPerSec?: number;
  /**
   * A session's bytes a second, likewise, with two seconds' worth at once, which is also all that a principal's sessions may say
   * at once. There each value in a frame counts as eight bytes more. Default: 4 MiB.
   */
  maxBytesPerSec?: number;
  /** Sockets for an isolate. Default: 2000. */
  maxConnections?: number;
  /** Of them, one principal's: raise it where a fleet of machines shares one. Default: 32. */
  maxConnectionsPerPrincipal?: number;
  /** Of them, those from one address (IPv6: a /64), where `CF-Connecting-IP` tells it. Default: half, and 32 at least. */
  maxConnectionsPerAddress?: number;
  /**
   * Of them, those that have said nothing for 300 ms: beyond so many, or a quarter of it from one address (or from all who have
   * none), the oldest are cut off, and told to come again. Default: 32, or half of `maxConnections`.
   */
  maxSilentConnections?: number;
  /** For an address (IPv6: a /64) and an isolate. Default: 100. */
  failedHandshakesPerMinute?: number;
  /** How long a session can be resumed after its connection was lost (ARCP 1.1 §6.3). Default: 600. */
  resumeWindowSec?: number;
  /** How long an agent may take to end after it was cancelled (ARCP 1.1 §7.4). Default: 30. */
  cancelGraceSec?: number;
  /** The longest that a job over ARCP may run, whatever its `max_runtime_sec`. Default: 86400. */
  maxRuntimeSec?: number;
  /** Sessions of one principal in a hub. Default: 32. */
  maxSessions?: number;
  /** Running jobs of one principal in a hub. Default: 64. */
  maxJobs?: number;
  /**
   * What a hub keeps for one principal, in bytes: with more there are no new jobs, until something has been read, has ended or is
   * too old. What runs goes on. Default: 24 MiB.
   */
  maxStoredBytes?: number;
  /** The same, in rows of its storage. Default: 50,000. */
  maxStoredRows?: number;
  /** What a session that is held keeps for its client, in frames. Default: 10000. */
  maxHeldFrames?: number;
  /** The same in bytes; all sessions of a principal keep three times as much. Default: 8 MiB. */
  maxHeldBytes?: number;
  /** The name of a rate limit binding, which is asked before each upgrade, by address. */
  rateLimit?: string;
}

/** What this package uses of a service binding. */
export interface ServiceBinding {
  fetch(input: string, init?: PlatformRequestInit): Promise<Response>;
}

/** A key that signs (RFC 7517, RFC 7518 §6). */
export interface PrivateJwk extends Jwk {
  d?: string;
  p?: string;
  q?: string;
  dp?: string;
  dq?: string;
  qi?: string;
  ext?: boolean;
}

/** As whom an upstream knows a user; docs/upstream.md. */
export type UpstreamAuth =
  | {
      mode: "assertion";
      key: CryptoKeyLike | Uint8Array | PrivateJwk;
      keyId?: string;
      issuer: string;
      audience: string;
    }
  | {
      mode: "map";
      tokenFor: Record<string, string> | ((principal: Principal) => string | undefined | Promise<string | undefined>);
    }
  | { mode: "passthrough" }
  | { mode: "dangerouslySharedToken"; token: string };

/** Which tokens of an issuer are revoked: all that fit every member given. */
export interface Revocation {
  /** `iss` */
  issuer: string;
  /** The claim `jti`: one token. */
  jti?: string;
  /** The claim `sub`. */
  sub?: string | number;
  /** Tokens issued until then: seconds since 1970. Default: now; with `jti`, whenever it was issued. */
  before?: number;
}

/** A Durable Object class with an alarm, as the platform makes its objects. */
export type SessionHoldClass = new (
  state: unknown,
  env: unknown,
) => { fetch(request: PlatformRequest): Promise<Response>; alarm(): Promise<void> };

/** A Durable Object class, as the platform makes its objects. */
export type RuntimeHubClass = new (
  state: unknown,
  env: unknown,
) => {
  fetch(request: PlatformRequest): Promise<Response>;
  webSocketMessage(socket: unknown, message: unknown): void;
  webSocketClose(socket: unknown): void;
  webSocketError(socket: unknown): void;
  alarm(): Promise<void>;
};
