// @ts-nocheck
// Upstream identity: behind the gate, each user stays a user.
//
//   const auth = upstreamAuth(options, "arc.upstreamAuth");        // throws ERR_CONFIG; does no I/O
//   const { scheme, token } = await auth.credential(principal, presentedToken, signal);
//
// `principal` is one that `authenticate` in verify/request.ts gave. `presentedToken` is the caller's own bearer token; it is used by
// the mode "passthrough" and by no other, and is never kept. The answer is `{ scheme: "bearer", token }`. It throws an
// ArcgateError: ERR_PERMISSION_DENIED when there is no credential for this principal (there is no default one),
// ERR_REFRESH_UNAVAILABLE (retryable) or ERR_REFRESH_REJECTED when `tokenFor` fails, ERR_ABORTED, or ERR_CONFIG when what `tokenFor` or WebCrypto
// gives can't be used. No message holds a token. `auth.mode` names the mode.

import { ArcgateError, configError } from "../errors.js";
import { callJson } from "../platform/call.js";
import { orAborted } from "../platform/cancellation.js";
import { checkKeys } from "../platform/options.js";
import { ready } from "../platform/wasm.js";
import { sign, signingAlgorithm, unguessable } from "../token/request.js";
import { sourceError } from "../token/source-error.js";

const modes = {
  assertion: [["key", "keyId", "issuer", "audience"], assertion],
  map: [["tokenFor"], map],
  passthrough: [[], () => (_principal, token) => token],
  dangerouslySharedToken: [["token"], shared],
};

// RFC 6750 §2.1. Anything else would break the header, and the platform's error about that would quote it.
const form = /^[\w.~+/-]+=*$/;

/** Reads `UpstreamAuth` options, which stand at `path`. */
export function upstreamAuth(options, path = "upstreamAuth") {
  if (options === null || typeof options !== "object") throw configError(path, "must be an object with `mode`");
  const { mode } = options;
  if (!Object.hasOwn(modes, mode)) {
    throw configError(`${path}.mode`, `must be one of ${Object.keys(modes).join(", ")}`);
  }
  const [known, make] = modes[mode];
  checkKeys(options, ["mode", ...known], path);
  const tokenOf = make(options, path);
  return {
    mode,
    async credential(principal, presentedToken, signal) {
      const token = await orAborted(Promise.resolve(tokenOf(principal, presentedToken)), signal);
      if (token === undefined || token === null || token === "") {
        throw new ArcgateError("ERR_PERMISSION_DENIED", "there is no upstream credential for this principal", {
          details: { fault: "caller" },
        });
      }
      if (typeof token === "string" && form.test(token)) return { scheme: "bearer", token };
      throw configError(path, "gave what is no bearer token (RFC 6750 §2.1)");
    },
  };
}

function shared({ token }, path) {
  if (typeof token === "string" && form.test(token)) return () => token;
  throw configError(`${path}.token`, "must be a bearer token, without `Bearer ` and without spaces");
}

// A token for each principal: from a function, or from a record by the principal's key. An id would not do: 42 of two
// issuers are two users.
function map({ tokenFor }, path) {
  if (tokenFor !== null && typeof tokenFor === "object" && !Array.isArray(tokenFor)) {
    const tokens = new Map(Object.entries(tokenFor));
    for (const token of tokens.values()) {
      if (typeof token !== "string" || !form.test(token)) {
        throw configError(`${path}.tokenFor`, "must be a record: a principal's key -> bearer token");
      }
    }
    return ({ key }) => tokens.get(key);
  }
  if (typeof tokenFor !== "function") {
    throw configError(`${path}.tokenFor`, "must be a function of the principal, or a record by the principal's key");
  }
  return async (principal) => {
    try {
      return await tokenFor(principal);
    } catch (cause) {
      throw sourceError(cause, "`tokenFor`", "configuration");
    }
  };
}

// An assertion is used again while it has this long to live.
const LEAST_LEFT_MS = 30_000;
const MOST_KEPT = 1000;

function assertion(options, path) {
  for (const name of ["issuer", "audience"]) {
    if (typeof options[name] !== "string" || options[name] === "") {
      throw configError(
        `${path}.${name}`,
        "must be a string that is not empty: what the upstream expects to find there",
      );
    }
  }
  const { algorithm, keyId, load } = signingKey(options, path);
  const signer = JSON.stringify({
    algorithm: algorithm.name,
    keyId,
    issuer: options.issuer,
    audience: options.audience,
  });
  const kept = new Map();
  let key;
  return async (principal) => {
    const id = JSON.stringify([principal.key, principal.scopes ?? null]);
    const now = Date.now();
    // One that was made for a longer token of the same principal would outlive this one.
    const known = kept.get(id);
    if (known && known.endMs - now >= LEAST_LEFT_MS && !(principal.expiresAt * 1000 < known.endMs)) return known.token;
    await ready();
    const { input, expiresAt } = callJson("upstreamAssertion", signer, JSON.stringify(principal), unguessable(), now);
    try {
      // Kept once it is there: what one request waits for must not be another request's promise.
      key ??= await load();
      const token = `${input}.${await sign({ key, algorithm: algorithm.webCrypto }, input)}`;
      kept.delete(id);
      kept.set(id, { token, endMs: expiresAt * 1000 });
      if (kept.size > MOST_KEPT) kept.delete(kept.keys().next().value);
      return token;
    } catch (cause) {
      throw configError(`${path}.key`, `can't be used: WebCrypto refuses it (${cause?.name ?? typeof cause})`);
    }
  };
}

const hmac = { name: "HMAC", hash: "SHA-256" };

// A key as bytes (HS256), as a CryptoKey, or as a private JWK: the algorithm it signs with, and how to have it as a CryptoKey.
function signingKey({ key, keyId }, path) {
  const wrong = (problem) => configError(`${path}.key`, problem);
  if (keyId !== undefined && (typeof keyId !== "string" || keyId === "")) {
    throw configError(`${path}.keyId`, "must be a string that is not empty");
  }
  if (key instanceof Uint8Array) {
    if (key.length < 32) throw wrong("must have 32 bytes or more: an HS256 secret is as long as its hash");
    // A copy, which nobody changes before it is imported.
    const secret = key.slice();
    const load = () => crypto.subtle.importKey("raw", secret, hmac, false, ["sign"]);
    return { algorithm: { name: "HS256", webCrypto: "HMAC" }, keyId, load };
  }
  if (key instanceof CryptoKey) return { algorithm: algorithmOf(key, wrong), keyId, load: async () => key };
  if (key === null || typeof key !== "object" || typeof key.kty !== "string") {
    throw wrong("must be a Uint8Array (an HS256 secret), a private CryptoKey, or a private JWK");
  }
  const { name, webCrypto, importAs } = algorithmOfJwk(key, wrong);
  const jwk = JSON.parse(
    JSON.stringify({ ...key, key_ops: undefined, ext: undefined, alg: undefined, use: undefined }),
  );
  const load = () => crypto.subtle.importKey("jwk", jwk, importAs, false, ["sign"]);
  return { algorithm: { name, webCrypto }, keyId: keyId ?? jwk.kid, load };
}

function algorithmOf(key, wrong) {
  if (key.algorithm.name === "HMAC") {
    const { hash, length } = key.algorithm;
    const bits = Number(hash.name.slice("SHA-".length));
    if (![256, 384, 512].includes(bits)) throw wrong("is of a kind that JWTs are not signed with");
    if (!key.usages.includes("sign")) throw wrong("may not sign");
    if (length < bits) throw wrong("is shorter than its hash");
    return { name: `HS${bits}`, webCrypto: "HMAC" };
  }
  try {
    const { name, algorithm } = signingAlgorithm(key);
    if (key.algorithm.modulusLength < 2048) throw name;
    return { name, webCrypto: algorithm };
  } catch {
    throw wrong("must be a CryptoKey that is private, may sign, and is of a kind and length that JWTs are signed with");
  }
}

const curves = { "P-256": "256", "P-384": "384", "P-521": "512" };

function algorithmOfJwk(jwk, wrong) {
  if (jwk.kty === "oct") throw wrong("is a shared secret: give its bytes as a Uint8Array");
  if (typeof jwk.d !== "string") throw wrong("is a public JWK: signing takes the private one");
  if (jwk.use !== undefined && jwk.use !== "sig") throw wrong("is a JWK for something else: its `use` is not sig");
  if (jwk.key_ops !== undefined && !jwk.key_ops?.includes?.("sign")) throw wrong("is a JWK whose `key_ops` lack sign");
  if (jwk.kid !== undefined && typeof jwk.kid !== "string") throw wrong("is a JWK whose `kid` is no string");
  const [names, found] = ofJwk[jwk.kty]?.(jwk) ?? [];
  if (!found) throw wrong("is a JWK of a kind that JWTs are not signed with here");
  if (jwk.alg !== undefined && !names.includes(jwk.alg)) throw wrong(`is a JWK whose \`alg\` does not fit it`);
  return found;
}

const ofJwk = {
  EC: ({ crv }) => {
    if (!Object.hasOwn(curves, crv)) return undefined;
    const name = `ES${curves[crv]}`;
    const webCrypto = { name: "ECDSA", hash: `SHA-${curves[crv]}` };
    return [[name], { name, webCrypto, importAs: { name: "ECDSA", namedCurve: crv } }];
  },
  OKP: ({ crv }) => {
    if (crv !== "Ed25519") return undefined;
    return [["EdDSA", "Ed25519"], { name: "EdDSA", webCrypto: "Ed25519", importAs: { name: "Ed25519" } }];
  },
  RSA: ({ alg = "RS256", n }) => {
    // 2048 bits in base64url.
    if (typeof n !== "string" || n.length < 342) return undefined;
    const names = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"];
    const bits = alg.slice?.(2);
    const isPss = alg.startsWith?.("PS");
    const name = isPss ? "RSA-PSS" : "RSASSA-PKCS1-v1_5";
    const webCrypto = isPss ? { name, saltLength: bits / 8 } : name;
    return [names, { name: alg, webCrypto, importAs: { name, hash: `SHA-${bits}` } }];
  },
};
