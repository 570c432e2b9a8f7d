// What the endpoint of ARCP is made of, and what a connection gets of it.

import type { Ending } from "../../platform/cancellation.js";
import type { Credentials, Principal, Verifier } from "../../verify/types.js";
import type { Auditor } from "../../worker/audit.js";
import type { AuditEvent } from "../../worker/audit-types.js";
import type { Guard } from "../../worker/dev-guard.js";
import type { WorkerContext } from "../../worker/types.js";
import type { AdmissionLimits, SocketPlace } from "./admission.js";
import type { Endpoint } from "./endpoint.js";
import type { Sessions } from "./sessions.js";

/** Whether a principal's token is revoked, by the store's word, and whether there is anything to ask. */
export interface SessionRevocation {
  (principal: Principal, credentials: Credentials | undefined, env: unknown): Promise<boolean>;
  applies(principal: Principal, env: unknown): boolean;
}

/** A socket as Workers have it. */
export interface ServerSocket extends WebSocket {
  accept(options?: { allowHalfOpen?: boolean }): void;
}

/** What is there when the upstream is open: its socket, and what it is shown of the user. */
export interface OpenUpstream {
  socket: ServerSocket;
  auth: { scheme: string; token: string };
}

/** The runtime that the gate stands in front of. */
export interface Upstream {
  /** It is the embedded runtime, which is believed what it says of resuming: no other one's resume tokens are. */
  isTrusted: boolean;
  /**
   * Opens it for a principal, whose own token it may show. `dialing` ends while nobody waits for it any more, and later to cut a
   * socket that doesn't answer a close, where it was opened with its signal. With `isPaced` it will be told what has left for the
   * client.
   */
  open(
    principal: Principal,
    presentedToken: string | undefined,
    dialing: Ending,
    isPaced: boolean,
  ): Promise<OpenUpstream>;
  /** Throws ERR_CONFIG where there could be no credential for anybody. */
  check?(): Promise<void>;
}

/** The socket of an answer to an upgrade, accepted; nothing where the answer is another one. */
export function acceptedSocket(response: Response): ServerSocket | undefined {
  const { webSocket } = response as Response & { webSocket?: ServerSocket | null };
  if (webSocket) webSocket.accept({ allowHalfOpen: true });
  else response.body?.cancel().catch(() => {});
  return webSocket ?? undefined;
}

/** The code of a resume token, in base64url. */
export type Sealer = (text: string) => Promise<string>;

/** What an endpoint is made of. */
export interface ArcpSettings {
  /** What the core reads. */
  config: {
    basePath: string;
    allowedOrigins: string[] | undefined;
    allowedHosts: string[] | undefined;
    limits: object;
    arcp: {
      scopes: { connect?: string[]; submit?: string[] } | undefined;
      heartbeatIntervalSec: number | undefined;
    };
  };
  audit: ((event: AuditEvent) => void | Promise<void>) | undefined;
  clockToleranceSec: number;
  /** With the name of a rate limit binding. */
  limits: AdmissionLimits & { rateLimit: string | undefined };
  seal: Sealer;
  revoked: SessionRevocation;
}

/** What one request brings. */
export interface Here {
  /** The verifier, once it is needed. */
  verifierOf(): Promise<Verifier>;
  /** The upstream, once it is needed. */
  upstreamOf(): Upstream;
  guard: Guard;
  env: unknown;
  ctx: WorkerContext | undefined;
}

/** What finds a user, and how long after its end their token is taken where the verifier doesn't say. */
export interface IdentityOptions extends Pick<Here, "verifierOf" | "guard" | "env" | "ctx"> {
  revoked: SessionRevocation;
  toleranceMs: number;
  /** The scopes that sessions and submits need. */
  needs: string[];
}

/** What a connection gets of its endpoint. */
export interface ConnectionOptions extends IdentityOptions {
  endpoint: Endpoint;
  upstream: Upstream;
  place: SocketPlace;
  sessions: Sessions;
  seal: Sealer;
  audit: Auditor;
  /** So many bytes may wait to be sent to one side. */
  maxBuffered: number;
}
