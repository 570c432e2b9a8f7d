// What verifies the ID tokens of logins: imported by import() alone. Of a file that is imported in both ways, as that of the class
// would be, bundlers make a part of what is loaded at once (docs/decisions/0006-modules.md).

import { ready } from "../platform/modules/verify.js";
import { JwtVerifier } from "../verify/jwt-verifier.js";

/** Gives the class, when its module is there. */
export async function verifierClass(): Promise<typeof JwtVerifier> {
  await ready();
  return JwtVerifier;
}
