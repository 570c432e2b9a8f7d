// What the core of a connection asks for, as src/js/arcp_gate/encode.rs writes it.

import type { Told } from "../../worker/audit.js";

export type GateAction =
  | { do: "send" | "sendUpstream"; text: string }
  | { do: "close"; code: number; reason: string }
  | { do: "closeUpstream" }
  | Authenticate
  | { do: "open"; resumes?: string }
  | { do: "mac"; input: string }
  | { do: "checkRevocation" }
  | { do: "audit"; event: Told };

/** Have these credentials verified. */
export interface Authenticate {
  do: "authenticate";
  scheme: string;
  token?: string;
}
