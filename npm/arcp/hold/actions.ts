// What the core of a hold asks for, as src/js/arcp_hold/encode.rs gives it.

import type { Principal } from "../../verify/types.js";
import type { Told } from "../../worker/audit.js";

export type HoldAction =
  | { do: "close"; conn: number; code: number; reason: string }
  | Dial
  | { do: "closeUpstream"; link: number }
  | { do: "audit"; event: Told };

/** In whose name there is a socket to the upstream. */
export interface Shown {
  principal: Principal;
  /** The principal's own token, if it is known. */
  credential?: string;
  /** What stands for it where it may have been revoked, if it isn't known any more. It is no token. */
  standIn?: string;
}

/** Somebody who is away while the upstream is there. */
export interface Away extends Shown {
  link: number;
}

/** Open a socket to the upstream, with a credential for this principal. */
export interface Dial extends Shown {
  do: "dial";
  link: number;
}

/** What `poll` says is to be done next. */
export const NOTHING = 0;
export const STORE = 1;
export const SEND = 2;
export const SEND_UPSTREAM = 3;
