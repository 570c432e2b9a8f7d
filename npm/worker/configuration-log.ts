// What is wrong with a configuration, in the log: a line of JSON for each thing, and not another one for each request.

import { ArcgateError } from "../errors.js";
import { reasonFor } from "./audit.js";

/** A line of the log. */
interface Line {
  type: "worker.config";
  /** Seconds since the epoch. While a Worker starts, its clock stands at nothing. */
  time?: number;
  level: "error" | "warning";
  /** An error's code. */
  reason: string;
  /** The variable that it is about, or the option. */
  subject?: string;
  /** What is wrong, and what to do. */
  detail: string;
}

type Told = Omit<Line, "type" | "time">;

/** The log of one Worker. */
export class ConfigurationLog {
  #told = new Set<string>();
  #early: Told[] = [];

  /** Tells what a deployment can't work with. */
  failed(error: unknown): void {
    const { code, details } = Object(error);
    // An error of ours holds no secret; of another one, nobody knows.
    const detail = error instanceof ArcgateError ? error.message : reasonFor(error);
    this.#tell({ level: "error", reason: String(code ?? "ERR_INTERNAL"), ...subjectOf(details), detail });
  }

  /** Tells what it can work with, and hardly wants. */
  warn(subject: string, problem: string): void {
    this.#tell({ level: "warning", reason: "ERR_CONFIG", subject, detail: `${subject}: ${problem}` });
  }

  /** Tells again, in a request, what was told when the Worker started: Cloudflare's log has only what was said in requests. */
  repeat(): void {
    for (const line of this.#early.splice(0)) write(line);
  }

  #tell(told: Told): void {
    const { level, detail } = told;
    if (this.#told.has(`${level} ${detail}`)) return;
    this.#told.add(`${level} ${detail}`);
    if (isStarting()) this.#early.push(told);
    write(told);
  }
}

function subjectOf(details: unknown): { subject?: string } {
  const { subject } = Object(details);
  return typeof subject === "string" ? { subject } : {};
}

// As the audit's lines are: one line, whatever shows the log.
function write(told: Told): void {
  const now = Date.now() / 1000;
  const line: Line = { type: "worker.config", ...(now > 0 && { time: now }), ...told };
  console.log(JSON.stringify(line));
}

// Timers are refused at a Worker's global scope, and nowhere else.
function isStarting(): boolean {
  try {
    clearTimeout(setTimeout(() => {}, 0));
    return false;
  } catch {
    return true;
  }
}
