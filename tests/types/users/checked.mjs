// JavaScript that is checked, with types in its comments.
// @ts-check

import { ArcgateError, JwtVerifier } from "arcgate";

/** @typedef {{ tenant: string }} Mine */

/** @type {import("arcgate").ProviderOptions} */
const main = { issuer: "https://issuer.example", audience: null, secret: Buffer.from("x") };

/**
 * @param {string} token
 * @param {import("arcgate").Verifier} verifier
 */
export async function verify(token, verifier) {
  const own = await JwtVerifier.create({ providers: { main } });
  try {
    /** @type {import("arcgate").VerifiedToken<Mine>} */
    const { claims } = await own.verify(token);
    return [
      claims.tenant.length,
      await verifier.authenticate({ scheme: "bearer", token }, { transport: "http", url: "" }),
    ];
  } catch (error) {
    // @ts-expect-error there is no such code
    if (error instanceof ArcgateError) return error.code === "ERR_NONE";
    throw error;
  }
}
