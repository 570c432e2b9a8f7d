// The public API. Every class is made by its `create` or `connect`, which loads the WebAssembly module that it needs by itself.
// Times: `...Sec` in seconds, `...Ms` in milliseconds, instants as NumericDate (seconds since 1970).

import { client } from "./platform/modules/client.js";
import { verify } from "./platform/modules/verify.js";
import { checkKeys } from "./platform/options.js";
import type { Source } from "./platform/types.js";

export { ArcClient } from "./arc/client/client.js";
export type {
  ArcCall,
  ArcChatMessage,
  ArcChatResult,
  ArcChatStart,
  ArcChats,
  ArcClientOptions,
  ArcEvent,
  ArcMessage,
  ArcPart,
  ArcPriority,
  ArcSubscriptionResult,
  ArcSuccess,
  ArcTask,
  ArcTaskResult,
  ArcTasks,
  ChatAnswer,
  ChatEvent,
  ChatStream,
} from "./arc/client/types.js";
export { ArcpClient } from "./arcp/client/client.js";
export type {
  ArcpAuth,
  ArcpClientOptions,
  ClosedEvent,
  Job,
  JobEvent,
  JobFilter,
  JobPage,
  JobRequest,
  SessionEvent,
  SubscribeOptions,
} from "./arcp/client/types.js";
export type { ErrorCode, ErrorDetails } from "./error-codes.js";
export { ArcgateError } from "./errors.js";
export type { Source } from "./platform/types.js";
export { TokenManager } from "./token/manager.js";
export type {
  Bearer,
  StoredTokens,
  TokenEvent,
  TokenGiver,
  TokenManagerOptions,
  TokenResponse,
  TokenSource,
  TokenStorage,
} from "./token/types.js";
export { verifyJws } from "./verify/jws.js";
export { JwtVerifier } from "./verify/jwt-verifier.js";
export type {
  Algorithm,
  JsonValue,
  Jwk,
  Jwks,
  JwksCacheOptions,
  JwksSnapshot,
  JwksStore,
  ProviderOptions,
} from "./verify/provider-types.js";
export { authenticateRequest, errorResponse } from "./verify/request.js";
export type {
  AuditEvent,
  Credentials,
  CustomPrincipal,
  JwtVerifierOptions,
  Principal,
  StaticPrincipal,
  TokenCacheOptions,
  VerifiedToken,
  Verifier,
  VerifierContext,
  VerifyOptions,
} from "./verify/types.js";
export {
  AllowAnyBearerVerifier,
  DenyAllVerifier,
  DevModeBearerVerifier,
  FirstOf,
  SchemeRouter,
  StaticBearerVerifier,
} from "./verify/verifiers.js";
export { version } from "./version.js";

/**
 * Loads the modules early, so that the first verification or token needn't wait for it: those that are named, from where it says, or
 * without a name both, from beside this package's files. Nobody has to call it. What is to come from elsewhere must be said before
 * the first use: a second place for one module is ERR_CONFIG. In Workers nothing else can be given: bundle `arcgate/verify` there.
 */
export async function ready(options: { verify?: Source; client?: Source } = {}): Promise<void> {
  checkKeys(options, ["verify", "client"]);
  const { verify: verifier, client: clients } = options;
  const isAll = verifier === undefined && clients === undefined;
  const loads: Promise<void>[] = [];
  if (isAll || verifier !== undefined) loads.push(verify.ready(verifier, "verify"));
  if (isAll || clients !== undefined) loads.push(client.ready(clients, "client"));
  await Promise.all(loads);
}
