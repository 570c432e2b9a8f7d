// The subpath arcgate/verify: what verifies, by a module of its own.

import { verify } from "../platform/modules/verify.js";
import { checkKeys } from "../platform/options.js";
import type { Source } from "../platform/types.js";

export type { ErrorCode, ErrorDetails, LoadingReason } from "../error-codes.js";
export { ArcgateError } from "../errors.js";
export type { Source } from "../platform/types.js";
export type { AnyRequest, NodeRequest, WebRequest } from "../verify/incoming.js";
export { verifyJws } from "../verify/jws.js";
export { JwtVerifier } from "../verify/jwt-verifier.js";
export type {
  Algorithm,
  JsonValue,
  Jwk,
  Jwks,
  JwksCacheOptions,
  JwksSnapshot,
  JwksStore,
  ProviderOptions,
} from "../verify/provider-types.js";
export type { NodeResponse } from "../verify/refusal.js";
export { errorResponse, sendError } from "../verify/refusal.js";
export { authenticateRequest } from "../verify/request.js";
export type {
  AuditEvent,
  Credentials,
  CustomPrincipal,
  JwtVerifierOptions,
  Principal,
  RegisteredClaims,
  StaticPrincipal,
  TokenCacheOptions,
  VerifiedToken,
  Verifier,
  VerifierContext,
  VerifyOptions,
} from "../verify/types.js";
export {
  AllowAnyBearerVerifier,
  DenyAllVerifier,
  DevModeBearerVerifier,
  FirstOf,
  SchemeRouter,
  StaticBearerVerifier,
} from "../verify/verifiers.js";
export { version } from "../version.js";

/**
 * Loads the module early, so that the first verification needn't wait for it: from `module`, or else from beside this package's files.
 * Nobody has to call it. What is to come from elsewhere must be said before the first use: a second place is ERR_CONFIG.
 */
export async function ready(options: { module?: Source } = {}): Promise<void> {
  checkKeys(options, ["module"]);
  await verify.ready(options.module);
}
