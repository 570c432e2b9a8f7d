// The subpath arcgate/fastify: a hook for Fastify.

// By the package's name: each runtime takes its own entry, which says where the module is.
import "arcgate/verify";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { MiddlewareOptions, VerifierOrPromise } from "./verify/bearer-auth.js";
import { bearer } from "./verify/bearer-auth.js";
import type { NodeRequest } from "./verify/incoming.js";
import type { Principal, VerifiedToken } from "./verify/types.js";

export type { MiddlewareOptions, VerifierOrPromise } from "./verify/bearer-auth.js";

declare module "fastify" {
  interface FastifyRequest {
    /** Who sends the request; undefined where that is optional, and where arcgate's hook did not run. */
    principal?: Principal | undefined;
    /** The token with its claims, where a JwtVerifier accepted it, by itself or within FirstOf or SchemeRouter. */
    verifiedToken?: VerifiedToken | undefined;
  }
}

/** `onRefused` may answer through the reply, and returns it then, as any asynchronous hook of Fastify's does. */
export type BearerAuthOptions = MiddlewareOptions<[request: FastifyRequest, reply: FastifyReply]>;

/** A request of Fastify's, whatever server, schema and types it is of. */
export interface AnyFastifyRequest {
  readonly raw: NodeRequest;
}

/** A reply of Fastify's, likewise. */
export interface AnyFastifyReply {
  readonly sent: boolean;
}

/**
 * A hook that lets in whom the verifier accepts, and answers the others with 400, 401, 403 or 503 as `errorResponse` does. It may be
 * `onRequest` or `preHandler`, of an application, a plugin or a route.
 *
 * ```js
 * import Fastify from "fastify";
 * import { bearerAuth } from "arcgate/fastify";
 *
 * const app = Fastify();
 * app.addHook("onRequest", bearerAuth(verifier));
 * app.get("/reports", { preHandler: bearerAuth(verifier, { scopes: ["read:reports"] }) }, async (request) => request.principal.id);
 * ```
 */
export function bearerAuth(
  verifier: VerifierOrPromise,
  options?: BearerAuthOptions,
): (request: AnyFastifyRequest, reply: AnyFastifyReply) => Promise<unknown> {
  const decide = bearer(verifier, options);
  return async (incoming, answer) => {
    const request = incoming as FastifyRequest;
    const reply = answer as FastifyReply;
    const outcome = await decide(incoming.raw, request, reply);
    if (outcome.refusal !== undefined) {
      const { status, headers, body } = outcome.refusal;
      return reply.sent ? reply : reply.code(status).headers(headers).send(body);
    }
    request.principal = outcome.principal;
    request.verifiedToken = outcome.verifiedToken;
    return undefined;
  };
}
