// The public API; README.md and index.d.ts say what it does.

import { ready as load } from "./wasm.js";

export { ArcClient } from "./arc-client.js";
export { ArcpClient } from "./arcp-client.js";
export { ArcgateError } from "./errors.js";
export { authenticateRequest, errorResponse } from "./http.js";
export { verifyJws } from "./jws.js";
export { TokenManager } from "./token.js";
export { JwtVerifier } from "./verifier.js";
export {
  AllowAnyBearerVerifier,
  DenyAllVerifier,
  DevModeBearerVerifier,
  FirstOf,
  SchemeRouter,
  StaticBearerVerifier,
} from "./verifiers.js";
export { version } from "./version.js";

/** Loads the module early. Nobody has to call it. */
export async function ready() {
  await load();
}
