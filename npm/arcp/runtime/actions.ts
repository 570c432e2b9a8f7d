// What the core of a hub asks for, as src/js/arcp_runtime/encode.rs gives it.

import type { Principal } from "../../verify/types.js";
import type { Told } from "../../worker/audit.js";
import type { JobInfo } from "./types.js";

export type HubAction =
  | { do: "store" }
  | { do: "attach"; conn: number; attachment: string }
  | { do: "close"; conn: number; code: number; reason: string }
  | StartRun
  | { do: "abort"; job: string; reason: string }
  | { do: "pause" | "resume"; job: string }
  | AskPolicy
  | { do: "audit"; event: Told };

/** Run an agent. */
export interface StartRun {
  do: "run";
  job: string;
  agent: string;
  input: unknown;
  lease: object;
  traceId: string;
}

/** Ask the policy about each of these jobs. */
export interface AskPolicy {
  do: "askPolicy";
  question: number;
  what: "cancel" | "observe";
  jobs: JobInfo[];
  principal: Principal;
  sameSession: boolean;
}
