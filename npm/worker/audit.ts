// The audit log: one event for every decision, and never a token. What of an error may stand in a log is the core's to say.

import { call } from "../platform/modules/gate.js";
import type { AuditEvent } from "./audit-types.js";

/** An event as the gates tell it: the time comes here, and what is undefined or null goes. */
export type Told = { [Name in keyof AuditEvent]?: AuditEvent[Name] | null | undefined } & Pick<AuditEvent, "type">;

/** How what an event tells of has ended. */
export type Ending = Pick<Told, "outcome" | "reason" | "status" | "arcCode">;

/** Takes events; `ending` stands at an event's end. */
export type Auditor = (event: Told, ending?: Ending) => void;

/** Logs an event as one line of JSON. */
export function logEvent(event: AuditEvent): void {
  console.log(JSON.stringify(event));
}

/** Hands events to `sink` with the time, long values cut. A sink that fails changes no decision. */
export function auditor(sink: (event: AuditEvent) => void | Promise<void> = logEvent): Auditor {
  return (event, ending) => {
    const told: object = event;
    const whole: Record<string, unknown> = { type: event.type, time: Date.now() / 1000, ...told, ...ending };
    for (const name in whole) {
      const value = whole[name];
      if (value === undefined || value === null) delete whole[name];
      else if (typeof value === "string" && value.length > LONGEST) whole[name] = cut(value, longestOf(name));
    }
    try {
      const result = sink(whole as unknown as AuditEvent);
      if (typeof result?.catch === "function") result.catch(sinkFailed);
    } catch (thrown) {
      sinkFailed(thrown);
    }
  };
}

/** A reason for the log: an error's message, without anything that is or looks like a token. */
export function reasonFor(error: unknown, token?: string | undefined): string {
  return redacted(() => call("withoutTokens", textOf(error), token));
}

/** An error for the log: what it was and why, never its token. */
export function logged(error: unknown, token?: string | undefined): string {
  return redacted(() => {
    const { code, name, cause } = Object(error);
    const kind = String(code ?? name ?? "error");
    if (cause === undefined) return call("loggedError", kind, textOf(error), undefined, undefined, token);
    return call("loggedError", kind, textOf(error), String(cause?.name ?? typeof cause), textOf(cause), token);
  });
}

function textOf(error: unknown): string {
  try {
    return String((error as { message?: unknown } | undefined | null)?.message ?? error);
  } catch {
    // Whatever was thrown: agents and verifiers are other people's.
    return "something was thrown that can't be shown";
  }
}

// Where the core can't be asked, nothing is shown: the text may hold anything.
function redacted(text: () => string): string {
  try {
    return text();
  } catch {
    return "an error that can't be shown";
  }
}

// What a peer sends is cut short. A reason is ours, with others' values cut in it already, and its end says what to do.
const LONGEST = 256;
const LONGEST_DETAIL = 1024;

function cut(text: string, longest: number): string {
  return text.length > longest ? `${text.slice(0, longest)}…` : text;
}

function longestOf(name: string): number {
  return name === "detail" ? LONGEST_DETAIL : LONGEST;
}

function sinkFailed(thrown: unknown): void {
  const { name = typeof thrown } = Object(thrown);
  console.error(`arcgate: the audit callback failed: ${name}`);
}
