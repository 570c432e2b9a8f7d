// Errors: a stable code, who is at fault, whether a retry helps, what to do next. Never a token.

import { documents } from "./documentation.js";
import type { ErrorCode, ErrorDetails } from "./error-codes.js";

// Where a program has two copies of the package (a library brings another version, say), the errors of each are known to the other.
const BRAND = Symbol.for("arcgate.ArcgateError");

/**
 * What every function of this package throws. No message or property ever holds a token.
 *
 * ```js
 * import { ArcgateError } from "arcgate";
 *
 * async function claimsOf(token) {
 *   try {
 *     return (await verifier.verify(token)).claims;
 *   } catch (error) {
 *     if (error instanceof ArcgateError && error.retryable) show("ask later", error.details?.retryAfterSec);
 *     else throw error;
 *   }
 * }
 * ```
 */
export class ArcgateError extends Error {
  declare readonly name: "ArcgateError";
  /** Stays; messages may improve. */
  declare readonly code: ErrorCode;
  /** Whether the same call may succeed later. */
  declare readonly retryable: boolean;
  /** Who must act, and what it is about: by code, see {@link ErrorDetails}. */
  declare readonly details?: ErrorDetails;
  /** What was thrown underneath: by `fetch`, or a function of yours. */
  declare readonly cause?: unknown;
  /** The peer's own code, for errors of ARC. */
  declare readonly arcCode?: number;

  static {
    Object.defineProperty(ArcgateError.prototype, BRAND, { value: true });
  }

  /** An error of another copy of the package is one, too. @internal */
  static override [Symbol.hasInstance](value: unknown): boolean {
    // biome-ignore-start lint/complexity/noThisInStatic: a class made of this one inherits it, and has instances of its own only
    if (this === ArcgateError) return typeof value === "object" && value !== null && BRAND in value;
    return Function.prototype[Symbol.hasInstance].call(this, value);
    // biome-ignore-end lint/complexity/noThisInStatic: until here
  }

  constructor(
    code: ErrorCode,
    message: string,
    options: { retryable?: boolean; details?: ErrorDetails; cause?: unknown; arcCode?: number } = {},
  ) {
    const { retryable = false, details, cause, arcCode } = options;
    super(message, cause === undefined ? undefined : { cause });
    this.name = "ArcgateError";
    this.code = code;
    this.retryable = retryable;
    if (details !== undefined) this.details = details;
    if (arcCode !== undefined) this.arcCode = arcCode;
  }

  /** Where to read about this code: what it means, and what to do next. */
  get docs(): string {
    return `${documents}errors.md#${String(this.code).toLowerCase()}`;
  }
}

// A mistake in the configuration is met once, by whoever can mend it, and often in a log, where no property is shown. What has named
// a document already, by itself or by what is wrapped in it, is left alone.
function pointed(code: ErrorCode, message: string): string {
  if (code !== "ERR_CONFIG" || message.includes(documents)) return message;
  return `${message} (${documents}errors.md#err_config)`;
}

/** An error as the core describes it. @internal */
export interface CoreError {
  code: ErrorCode;
  message: string;
  retryable: boolean;
  details?: ErrorDetails;
}

/** The error that the core describes as JSON. @internal */
export function errorFromJson(json: string): ArcgateError {
  const { code, message, retryable, details }: CoreError = JSON.parse(json);
  return new ArcgateError(code, pointed(code, message), { retryable, details });
}

/** What a failing call into the core threw, as an ArcgateError. @internal */
export function toArcgateError(thrown: unknown): ArcgateError {
  if (thrown instanceof ArcgateError) return thrown;
  if (typeof thrown === "string" && thrown.startsWith("{")) return errorFromJson(thrown);
  return new ArcgateError("ERR_INTERNAL", "a mistake in arcgate: please report it", {
    retryable: true,
    details: { fault: "internal" },
    cause: thrown,
  });
}

/** An error about the caller's options. @internal */
export function configError(key: string, problem: string): ArcgateError {
  const message = pointed("ERR_CONFIG", `\`${key}\` ${problem}`);
  return new ArcgateError("ERR_CONFIG", message, { details: { fault: "configuration", subject: key } });
}

/** An error as the arguments that the core takes for it: code, retryable, subject, seconds to wait. @internal */
export function errorArguments(error: ArcgateError): [string, boolean, string | undefined, number | undefined] {
  const { subject, retryAfterSec } = Object(error.details);
  return [
    String(error.code),
    error.retryable === true,
    typeof subject === "string" ? subject : undefined,
    typeof retryAfterSec === "number" ? retryAfterSec : undefined,
  ];
}
