// What comes of a run.

import type { Level, Outcome, Result } from "../rule.js";

export interface Report {
  runner: "arcgate-conformance";
  specification: "ARCP 1.1";
  /** Without a query: nothing that could be a secret. */
  url: string;
  startedAt: string;
  seconds: number;
  runtime: { name: string; version: string };
  features: string[];
  /** By which message it takes a session up again. */
  resumes: "session.hello" | "session.resume" | "not";
  options: { agent: string; slowAgent: string; token2: boolean };
  rules: Result[];
}

/** How many rules of a level (or of all) came out how. */
export function count({ rules }: Report, outcome: Outcome, level?: Level): number {
  return rules.filter((rule) => rule.outcome === outcome && (!level || rule.level === level)).length;
}

/** 0 where no MUST fails, 1 where one does. */
export function exitCode(report: Report): 0 | 1 {
  return count(report, "fail", "MUST") ? 1 : 0;
}
