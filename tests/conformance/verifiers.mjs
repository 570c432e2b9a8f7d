// Verifiers of one provider for the suite, and a module that traps.

import { audience, clock, issuer, makeSigner, network } from "./sign.mjs";

/** Both with the package of the runtime that the suite runs in. */
export function makers({ arcgate: { JwtVerifier }, wasm, assert }) {
  // With the keys that it is given.
  const create = async (options = {}, provider = {}) => {
    const signer = await makeSigner();
    const p = { issuer, audience, jwks: { keys: [signer.jwk] }, ...provider };
    return { signer, verifier: await JwtVerifier.create({ providers: { p }, now: clock, ...options }) };
  };

  // With keys that it fetches.
  const fetching = async (options = {}) => {
    const signer = await makeSigner();
    const keys = { keys: [signer.jwk] };
    const net = network({ [`${issuer}/keys`]: () => keys });
    const p = { issuer, audience, jwksUri: `${issuer}/keys` };
    const make = (more) => JwtVerifier.create({ providers: { p }, now: clock, fetch: net.fetch, ...options, ...more });
    return { ...net, signer, keys, make, verifier: await make() };
  };

  const trap = () => {
    try {
      wasm.bindings.trapForTests();
    } catch (thrown) {
      assert.ok(thrown instanceof WebAssembly.RuntimeError, `a trap, not ${thrown}`);
      return thrown;
    }
    throw new Error("trapForTests came back");
  };

  return { create, fetching, trap };
}

/** A promise and the hand that settles it. */
export const deferred = () => {
  let resolve;
  const promise = new Promise((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
};
