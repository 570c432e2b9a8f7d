// What the core asks for, as src/js/arcp_client writes it. Connections, requests and jobs have numbers of the core's.

import type { ErrorCode } from "../../error-codes.js";
import type { ArcgateError, CoreError } from "../../errors.js";
import type { Untimed } from "../../platform/events.js";
import type { ClosedEvent, JobEvent, SessionEvent } from "./types.js";

/** What is for the driver to do. */
export type ConnectionAction =
  | Connect
  | { do: "send"; conn: number; text: string }
  | { do: "close"; conn: number; code: number; reason: string };

/** Get a token, where the scheme has one, and make a connection. */
export interface Connect {
  do: "connect";
  conn: number;
  /** Whether the token must be another one than the last. */
  fresh: boolean;
  /** Where the token is to last longer than the present one: how long that has left. */
  outlastMs?: number;
}

/** The session is there: what the welcome said. */
export interface Opened {
  do: "opened";
  sessionId: string;
  runtimeName: string;
  runtimeVersion: string;
  features: string[];
  agents: { name: string; versions?: string[]; default?: string }[];
  heartbeatMs?: number;
}

/** A request has brought a job; without a payload one that is here already. */
export interface Accepted {
  do: "accepted" | "existing";
  request: number;
  job: number;
  id?: string;
  payload?: Record<string, unknown>;
}

/** The session is over. */
export interface Closed<Failure> {
  do: "closed";
  code: "CLOSED" | ErrorCode;
  reason: string;
  error: Failure;
}

/** An event of a job. */
export interface Arrived {
  do: "event";
  job: number;
  seq: number;
  /** So many of the oldest unread events are given up for it. */
  drop: number;
  /** Whether it is for whoever reads. */
  keep: boolean;
  /** Whether it is a piece of the result. */
  collect: boolean;
  /** The piece's text, where a character was cut between two of them. */
  text?: string;
  payload: JobEvent;
}

/** What becomes of one job. */
export type JobAction<Failure> =
  | Arrived
  | { do: "missed"; job: number; count: number }
  | { do: "result"; job: number; isChunked?: boolean; value?: unknown }
  | { do: "failed"; job: number; error: Failure };

/** What is for the client to do. */
export type SessionAction =
  | Opened
  | Accepted
  | { do: "notify"; event: CoreEvent }
  | { do: "answer"; request: number; payload: Record<string, unknown> }
  | { do: "done"; request: number }
  | { do: "refused"; request: number; error: CoreError }
  | { do: "forget"; job: number }
  | JobAction<CoreError>;

/** An event of the session as the core tells it: without the time, and errors as it describes them. */
export type CoreEvent =
  | Exclude<Untimed<SessionEvent>, { type: "error" | "closed" }>
  | { type: "error"; error: CoreError };

/** An action of the core's, as it comes. */
export type CoreAction = ConnectionAction | SessionAction | Closed<CoreError>;

/** One that the driver hands on to the client. */
export type ClientAction = SessionAction | Closed<ArcgateError>;

/** Asked whether a connection that was lost is made again. */
export type ShouldRetry = (event: ClosedEvent) => boolean;
