// The subpath arcgate/hono: middleware for Hono, wherever that runs.

// By the package's name: each runtime takes its own entry, which says where the module is.
import "arcgate/verify";
import type { Context, Env, MiddlewareHandler } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { MiddlewareOptions, VerifierOrPromise } from "./verify/bearer-auth.js";
import { bearer } from "./verify/bearer-auth.js";
import type { Principal, VerifiedToken } from "./verify/types.js";

export type { MiddlewareOptions, VerifierOrPromise } from "./verify/bearer-auth.js";

/** `onRefused` may give a `Response` to answer with; whatever else it gives is no answer. */
export type BearerAuthOptions = MiddlewareOptions<[context: Context]>;

/** What `c.get()` has behind the middleware: `new Hono<{ Variables: AuthVariables }>()`. */
export interface AuthVariables {
  /** Who sends the request. */
  principal: Principal;
  /** The token with its claims, where a JwtVerifier accepted it, by itself or within FirstOf or SchemeRouter. */
  verifiedToken: VerifiedToken | undefined;
}

/**
 * Middleware that lets in whom the verifier accepts, and answers the others with 400, 401, 403 or 503 as `errorResponse` does.
 *
 * ```js
 * import { Hono } from "hono";
 * import { bearerAuth } from "arcgate/hono";
 *
 * const app = new Hono();
 * app.use("/reports/*", bearerAuth(verifier, { scopes: ["read:reports"] }));
 * app.get("/reports/mine", (c) => c.json({ hello: c.get("principal").id }));
 * ```
 *
 * `App` is the application's own `Env`, where the middleware is called with its context.
 */
export function bearerAuth<Optional extends boolean = false, App extends Env = Record<never, never>>(
  verifier: VerifierOrPromise,
  options?: BearerAuthOptions & { optional?: Optional },
): MiddlewareHandler<App & { Variables: [Optional] extends [false] ? AuthVariables : Partial<AuthVariables> }> {
  const decide = bearer(verifier, options);
  return async (c, next) => {
    const outcome = await decide(c.req.raw, c);
    if (outcome.refusal !== undefined) {
      if (isResponse(outcome.answer)) return outcome.answer;
      const { status, headers, body } = outcome.refusal;
      // Through the context: what was set on it before (a request's id, say) goes with a refusal, too.
      for (const [name, value] of Object.entries(headers)) c.header(name, value);
      return c.body(body, status as ContentfulStatusCode);
    }
    // Nobody, where that is optional: then the types say so.
    c.set("principal", outcome.principal as Principal);
    c.set("verifiedToken", outcome.verifiedToken);
    await next();
  };
}

// Of whatever realm or library. What a log gives back (a number, its logger) is no answer.
function isResponse(answer: unknown): answer is Response {
  return Object.prototype.toString.call(answer) === "[object Response]";
}
