// The subpath arcgate/express: middleware for Express 4 and 5, and for whatever else takes its kind of middleware.

// By the package's name: each runtime takes its own entry, which says where the module is.
import "arcgate/verify";
import type { Request, Response } from "express";
import type { MiddlewareOptions, VerifierOrPromise } from "./verify/bearer-auth.js";
import { bearer } from "./verify/bearer-auth.js";
import type { NodeRequest } from "./verify/incoming.js";
import type { NodeResponse } from "./verify/refusal.js";
import { sendError } from "./verify/refusal.js";
import type { Principal, VerifiedToken } from "./verify/types.js";

export type { MiddlewareOptions, VerifierOrPromise } from "./verify/bearer-auth.js";

declare global {
  namespace Express {
    interface Request {
      /** Who sends the request; undefined where that is optional, and where arcgate's middleware did not run. */
      principal?: Principal | undefined;
      /** The token with its claims, where a JwtVerifier accepted it, by itself or within FirstOf or SchemeRouter. */
      verifiedToken?: VerifiedToken | undefined;
    }
  }
}

/** `onRefused` may answer through the response; a promise that it returns is waited for. */
export type BearerAuthOptions = MiddlewareOptions<[request: Request, response: Response]>;

/**
 * Middleware that lets in whom the verifier accepts, and answers the others with 400, 401, 403 or 503 as `sendError` does. What is
 * the application's own mistake goes to `next(error)`, in Express 4 as in 5.
 *
 * ```js
 * import express from "express";
 * import { bearerAuth } from "arcgate/express";
 *
 * const app = express();
 * app.use("/reports", bearerAuth(verifier, { scopes: ["read:reports"] }));
 * app.get("/reports/mine", (req, res) => res.json({ hello: req.principal.id }));
 * ```
 */
export function bearerAuth(
  verifier: VerifierOrPromise,
  options?: BearerAuthOptions,
): (request: NodeRequest, response: NodeResponse, next: (error?: unknown) => void) => Promise<void> {
  const decide = bearer(verifier, options);
  return async (incoming, response, next) => {
    const request = incoming as Request;
    let outcome: Awaited<ReturnType<typeof decide>>;
    try {
      outcome = await decide(incoming, request, response as Response);
    } catch (error) {
      next(error);
      return;
    }
    if (outcome.refusal !== undefined) {
      if (!response.headersSent) sendError(response, outcome.error);
      return;
    }
    request.principal = outcome.principal;
    request.verifiedToken = outcome.verifiedToken;
    next();
  };
}
