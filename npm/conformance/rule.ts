// What a rule is, and what comes of trying it.

import type { Received } from "./connection.js";
import type { Context } from "./context.js";
import type { Frame } from "./verdict.js";

/** How much a runtime owes it (RFC 2119). What the specification states without a keyword counts as MUST. */
export type Level = "MUST" | "SHOULD" | "MAY";

/** Whom it binds. */
export type Side = "client" | "runtime" | "both";

interface About {
  /** Its number in the checklist, or `A1` and up for what the checklist does not number: abuse, and RFC 6455. */
  rule: string;
  section: string;
  level: Level;
  /** Stated as a fact, without a keyword. */
  isStated?: boolean;
  by: Side;
  title: string;
}

/** A rule that is tried by doing something. It throws `Unmet` or `Inapplicable`, and is passed otherwise. */
export interface TriedRule extends About {
  run(context: Context): Promise<void>;
  /** So long it may take, in ms; 30 s when it doesn't say. Those that say are tried beside the others. */
  longMs?: number;
}

/** A rule that every frame of the whole run is held to. Gives what is wrong with one; "seen" when it was there to judge. */
export interface WatchedRule extends About {
  watch(received: Received): { wrong: string } | "seen" | undefined;
  /** Why it can't be judged when no frame was. */
  unseen: string;
}

/** A rule that can't be tried from a client's end, and why. */
export interface UntriedRule extends About {
  because: string;
}

export type Rule = TriedRule | WatchedRule | UntriedRule;

export type Outcome = "pass" | "fail" | "notApplicable";

export interface Result extends About {
  outcome: Outcome;
  /** Why it failed, or is not applicable. */
  reason?: string;
  /** Which of several readings was met, and what else was seen. */
  notes: string[];
  ms: number;
  frames: Frame[];
}

/** A rule's members without what tries it. */
export function about({ rule, section, level, isStated, by, title }: Rule): About {
  return { rule, section, level, ...(isStated && { isStated }), by, title };
}
