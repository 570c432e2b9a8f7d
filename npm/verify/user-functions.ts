// What the user of a verifier has given it to be asked and told: `checkClaims`, `isRevoked`, `onEvent`.

import { ArcgateError } from "../errors.js";
import { within } from "../platform/cancellation.js";
import { notify, type Untimed } from "../platform/events.js";
import type { AuditEvent, JwtVerifierOptions, VerifiedToken } from "./types.js";
import { isPending } from "./ways.js";

const late: unique symbol = Symbol("late");

/** The functions of one verifier's options. */
export class UserFunctions {
  #options: JwtVerifierOptions;
  #now: () => number;
  #timeoutMs: number;
  #warned = new Set<string>();

  constructor(options: JwtVerifierOptions, now: () => number) {
    this.#options = options;
    this.#now = now;
    this.#timeoutMs = options.jwksCache?.timeoutMs ?? 5000;
  }

  /** Whether anybody hears of what the verifier does. */
  get isListening(): boolean {
    return Boolean(this.#options.onEvent);
  }

  /** Whether anybody but the core has a say in whether a token is good. */
  get hasChecks(): boolean {
    return Boolean(this.#options.isRevoked) || Boolean(this.#options.checkClaims);
  }

  /** Whether a token that was accepted may be refused later, and is worth asking about again. */
  get asksRevocation(): boolean {
    return this.#options.isRevoked !== undefined;
  }

  /** Asks whether a verified token is good. Throws what it is refused with. */
  async check(verified: VerifiedToken): Promise<void> {
    if (this.#options.isRevoked) await this.#checkRevocation(verified);
    if (this.#options.checkClaims) await this.#checkClaims(verified);
  }

  /** Says that a token was accepted. */
  accepted(provider: string, principal: string, isLongLived: boolean): void {
    this.emit({ type: "token.accepted", provider, principal });
    if (!isLongLived || this.#warned.has(provider)) return;
    this.#warned.add(provider);
    this.emit({
      type: "token.long_lived",
      provider,
      reason: "the provider issues tokens that live for more than an hour",
    });
  }

  emit(event: Untimed<AuditEvent>): void {
    if (this.#options.onEvent) notify(this.#options.onEvent, event, this.#now);
  }

  async #checkRevocation(verified: VerifiedToken): Promise<void> {
    let revoked: boolean | undefined | typeof late;
    try {
      revoked = await this.#inTime(this.#options.isRevoked?.(verified));
    } catch (cause) {
      throw this.#unavailable("whether the token is revoked could not be found out", cause);
    }
    if (revoked === late) throw this.#tooLate("whether the token is revoked was not found out");
    if (revoked) throw new ArcgateError("ERR_TOKEN_REVOKED", "the token is revoked", { details: { fault: "caller" } });
  }

  async #checkClaims(verified: VerifiedToken): Promise<void> {
    let said: unknown;
    try {
      said = await this.#inTime(this.#options.checkClaims?.(verified));
    } catch (cause) {
      if (cause instanceof ArcgateError) throw cause;
      throw new ArcgateError("ERR_TOKEN_CLAIM", "the token was refused by `checkClaims`", {
        details: { fault: "caller" },
        cause,
      });
    }
    if (said === late) throw this.#tooLate("the check of the token's claims did not end");
  }

  // What a function says, or that it took too long. A timer is set for promises alone.
  #inTime<T>(said: T | Promise<T>): T | Promise<T | typeof late> {
    return isPending(said) ? (within(this.#timeoutMs, said, late) as Promise<T | typeof late>) : said;
  }

  #tooLate(lacking: string): ArcgateError {
    return this.#unavailable(`${lacking} within ${this.#timeoutMs} ms (\`jwksCache.timeoutMs\`)`);
  }

  #unavailable(message: string, cause?: unknown): ArcgateError {
    return new ArcgateError("ERR_VERIFIER_UNAVAILABLE", message, {
      retryable: true,
      details: { fault: "configuration" },
      cause,
    });
  }
}
