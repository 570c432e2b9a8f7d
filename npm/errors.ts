// @ts-nocheck
// Errors: a stable code, who is at fault, whether a retry helps, what to do next. Never a token.

/** What every function of this package throws. `code` stays; messages may improve. */
export class ArcgateError extends Error {
  constructor(code, message, { retryable = false, details, cause, arcCode } = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "ArcgateError";
    this.code = code;
    this.retryable = retryable;
    if (details !== undefined) this.details = details;
    if (arcCode !== undefined) this.arcCode = arcCode;
  }
}

/** The error that the core describes as JSON. */
export function errorFromJson(json) {
  const { code, message, retryable, details } = JSON.parse(json);
  return new ArcgateError(code, message, { retryable, details });
}

/** What a failing call into the core threw, as an ArcgateError. */
export function toArcgateError(thrown) {
  if (thrown instanceof ArcgateError) return thrown;
  if (typeof thrown === "string" && thrown.startsWith("{")) return errorFromJson(thrown);
  return new ArcgateError("ERR_INTERNAL", "a mistake in arcgate: please report it", {
    retryable: true,
    details: { fault: "internal" },
    cause: thrown,
  });
}

/** An error about the caller's options. */
export function configError(key, problem) {
  return new ArcgateError("ERR_CONFIG", `\`${key}\` ${problem}`, { details: { fault: "configuration", subject: key } });
}
