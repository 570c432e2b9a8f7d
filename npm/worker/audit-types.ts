// What the Worker decided.

import type { Principal } from "../verify/types.js";

/** A decision. It never holds a token; long values are cut. */
export interface AuditEvent {
  /**
   * "arc.request": whether a request is let in. "arc.run": how the agent that it ran has ended. "http.request": one of
   * another route that was refused for its Host or Origin. "revocation.request": what was revoked from outside. "arcp.upgrade": a socket that was
   * refused. "arcp.hello": whether a session begins. "arcp.session": how it has ended. The embedded runtime's: "arcp.resume",
   * "arcp.submit", "arcp.subscribe", "arcp.cancel"; "arcp.event": an agent said what can't be passed on; "arcp.job": how a job has
   * ended; "arcp.storage": what must be kept can't be written (`disk_full`, `not_stored`), or rows that can't be read were left out
   * (`unreadable_row`). "arcp.hold": a session that is held begins, loses its upstream, or ends; or what is kept of one can't be read.
   */
  type: string;
  /** When: seconds since the epoch. */
  time: number;
  outcome: "allowed" | "refused" | "failed" | "completed" | "cut";
  /** A stable name: "ok", an error's code, or what was wrong with the request. */
  reason: string;
  /** For a person. */
  detail?: string;
  status?: number;
  arcCode?: number;
  /** The principal's key. */
  principal?: Principal["key"];
  method?: string;
  requestAgent?: string;
  targetAgent?: string;
  traceId?: string;
  /** ARCP: the close code, and the code of the `session.error` before it. */
  close?: number;
  code?: string;
  session?: string;
  job?: string;
  /** The key of the principal whose job it is, for "arcp.subscribe" and "arcp.cancel". */
  owner?: Principal["key"];
  client?: string;
  scheme?: string;
  resumes?: boolean;
  durationMs?: number;
  clientFrames?: number;
  clientBytes?: number;
  upstreamFrames?: number;
  upstreamBytes?: number;
  /** ARCP: what the client was told of a limit, or of an event that can't be passed on. "revocation.request": the entry. */
  details?: Record<string, unknown>;
}
