// The crate's Rust API beside the package's loop and its peers: each verifies one token, or, where its way is another, many.

import { Decoding, Verifying } from "rust-bench";
import { contenders } from "./contenders.mjs";

/** Everybody of `contenders`, and those who are written in Rust. A function with `many` takes a stretch of tokens at once. */
export async function rustContenders(set) {
  const { algorithm, jwk, tokens, issuer, audience } = set;
  const all = await contenders(set);
  const providers = { bench: { issuer, audience, jwks: { keys: [jwk] } } };
  const make = (options) => new Verifying(JSON.stringify({ ...options, providers }), tokens);
  // More tokens than its cache holds, in turn: none is found there.
  const tokenCache = { maxEntries: Math.floor(tokens.length / 4) };
  const first = make({ tokenCache });
  const loop = make({ tokenCache });
  const again = make();
  const decoding = new Decoding(JSON.stringify(jwk), algorithm, issuer, audience);
  return {
    bare: all.bare,
    jose: all.jose,
    package: all.arcgate,
    "package, seen": all["arcgate, seen before"],
    rust: (index) => first.one(tokens[index]),
    "rust, one future": Object.assign(() => {}, { many: (from, to) => loop.many(from, to) }),
    "rust, seen": () => again.one(tokens[0]),
    jsonwebtoken: (index) => decoding.one(tokens[index]),
  };
}
