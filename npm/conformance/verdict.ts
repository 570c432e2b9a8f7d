// What ends the trying of a rule, and what proves it.

/** What was seen is not what the rule wants. */
export class Unmet extends Error {}

/** The rule can't be judged here, and why. */
export class Inapplicable extends Error {}

/** A line of the evidence. `ms` counts from the rule's beginning. */
export interface Frame {
  connection: number;
  ms: number;
  direction: "sent" | "received" | "happened";
  text: string;
}
