// The public API; README.md and index.d.ts say what it does.

import { ready as load } from "./platform/wasm.js";

export { ArcClient } from "./arc/client/client.js";
export { ArcpClient } from "./arcp/client/client.js";
export { ArcgateError } from "./errors.js";
export { TokenManager } from "./token/manager.js";
export { verifyJws } from "./verify/jws.js";
export { JwtVerifier } from "./verify/jwt-verifier.js";
export { authenticateRequest, errorResponse } from "./verify/request.js";
export {
  AllowAnyBearerVerifier,
  DenyAllVerifier,
  DevModeBearerVerifier,
  FirstOf,
  SchemeRouter,
  StaticBearerVerifier,
} from "./verify/verifiers.js";
export { version } from "./version.js";

/** Loads the module early. Nobody has to call it. */
export async function ready(): Promise<void> {
  await load();
}
