// The subpath arcgate/hono: middleware for Hono, wherever that runs.

// By the package's name: each runtime takes its own entry, which says where the module is.
import "arcgate/verify";
import type { Context, MiddlewareHandler } from "hono";
import type { MiddlewareOptions, VerifierOrPromise } from "./verify/bearer-auth.js";
import { bearer } from "./verify/bearer-auth.js";
import type { Principal, VerifiedToken } from "./verify/types.js";

export type { MiddlewareOptions, VerifierOrPromise } from "./verify/bearer-auth.js";

/** `onRefused` may give a `Response` to answer with. */
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
 */
export function bearerAuth<Optional extends boolean = false>(
  verifier: VerifierOrPromise,
  options?: BearerAuthOptions & { optional?: Optional },
): MiddlewareHandler<{ Variables: [Optional] extends [false] ? AuthVariables : Partial<AuthVariables> }> {
  const decide = bearer(verifier, options);
  return async (c, next) => {
    const outcome = await decide(c.req.raw, c);
    if (outcome.refusal !== undefined) {
      const { status, headers, body } = outcome.refusal;
      return (outcome.answer as Response | undefined) ?? new Response(body, { status, headers });
    }
    // Nobody, where that is optional: then the types say so.
    c.set("principal", outcome.principal as Principal);
    c.set("verifiedToken", outcome.verifiedToken);
    await next();
  };
}
