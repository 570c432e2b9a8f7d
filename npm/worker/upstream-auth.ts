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
import { orAborted } from "../platform/cancellation.js";
import { callJson, ready } from "../platform/modules/gate.js";
import { checkKeys } from "../platform/options.js";
import { bearerForm } from "../token/bearer.js";
import { sign, unguessable } from "../token/request.js";
import { sourceError } from "../token/source-error.js";
import type { Principal } from "../verify/types.js";
import { signingKey } from "./signing-key.js";
import type { UpstreamAuth } from "./types.js";

/** What an upstream is shown. */
export interface UpstreamCredential {
  scheme: "bearer";
  token: string;
}

/** How an upstream knows each user. */
export interface UpstreamIdentity {
  mode: UpstreamAuth["mode"];
  credential(
    principal: Principal,
    presentedToken: string | undefined,
    signal: AbortSignal | undefined,
  ): Promise<UpstreamCredential>;
  /** Throws ERR_CONFIG where no credential could be made, without making one. */
  check(): Promise<void>;
}

// What gives the token for a principal, which may be anything; and, where there is something to check ahead, what does that.
type TokenOf = ((principal: Principal, presentedToken: string | undefined) => unknown) & { check?(): Promise<void> };

// Options of a mode, whatever they are.
type Given = Readonly<Record<string, unknown>>;

const modes: Record<UpstreamAuth["mode"], [known: string[], make: (options: Given, path: string) => TokenOf]> = {
  assertion: [["key", "keyId", "issuer", "audience"], assertion],
  map: [["tokenFor"], map],
  passthrough: [[], () => (_principal, token) => token],
  dangerouslySharedToken: [["token"], shared],
};

/** Reads `UpstreamAuth` options, which stand at `path`. */
export function upstreamAuth(options: UpstreamAuth, path = "upstreamAuth"): UpstreamIdentity {
  if (options === null || typeof options !== "object") throw configError(path, "must be an object with `mode`");
  const { mode } = options;
  if (!Object.hasOwn(modes, mode)) {
    throw configError(`${path}.mode`, `must be one of ${Object.keys(modes).join(", ")}`);
  }
  const [known, make] = modes[mode];
  checkKeys(options, ["mode", ...known], path);
  const tokenOf = make(options as unknown as Given, path);
  return {
    mode,
    async credential(principal, presentedToken, signal) {
      const given = tokenOf(principal, presentedToken);
      const token = typeof given === "string" ? given : await orAborted(Promise.resolve(given), signal);
      if (token === undefined || token === null || token === "") {
        throw new ArcgateError("ERR_PERMISSION_DENIED", "there is no upstream credential for this principal", {
          details: { fault: "caller" },
        });
      }
      if (typeof token === "string" && bearerForm.test(token)) return { scheme: "bearer", token };
      throw configError(path, "gave what is no bearer token (RFC 6750 §2.1)");
    },
    check: async () => tokenOf.check?.(),
  };
}

function shared({ token }: Given, path: string): TokenOf {
  if (typeof token === "string" && bearerForm.test(token)) return () => token;
  throw configError(`${path}.token`, "must be a bearer token, without `Bearer ` and without spaces");
}

// A token for each principal: from a function, or from a record by the principal's key. An id would not do: 42 of two
// issuers are two users.
function map({ tokenFor }: Given, path: string): TokenOf {
  if (tokenFor !== null && typeof tokenFor === "object" && !Array.isArray(tokenFor)) {
    const tokens = new Map(Object.entries(tokenFor));
    for (const token of tokens.values()) {
      if (typeof token !== "string" || !bearerForm.test(token)) {
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

function assertion(options: Given, path: string): TokenOf {
  for (const name of ["issuer", "audience"]) {
    if (typeof options[name] !== "string" || options[name] === "") {
      throw configError(
        `${path}.${name}`,
        "must be a string that is not empty: what the upstream expects to find there",
      );
    }
  }
  const { name, algorithm, keyId, load } = signingKey(options, path);
  const signer = JSON.stringify({
    algorithm: name,
    keyId,
    issuer: options.issuer,
    audience: options.audience,
  });
  const kept = new Map<string, { token: string; endMs: number }>();
  let key: CryptoKey | undefined;
  const unusable = (cause: unknown) =>
    configError(`${path}.key`, `can't be used: WebCrypto refuses it (${Object(cause).name ?? typeof cause})`);
  const check = async () => {
    try {
      key ??= await load();
    } catch (cause) {
      throw unusable(cause);
    }
  };
  const make = async (principal: Principal, id: string, now: number) => {
    await ready();
    const { input, expiresAt } = callJson<{ input: string; expiresAt: number }>(
      "upstreamAssertion",
      signer,
      JSON.stringify(principal),
      unguessable(),
      now,
    );
    try {
      // Kept once it is there: what one request waits for must not be another request's promise.
      key ??= await load();
      const token = `${input}.${await sign({ key, algorithm }, input)}`;
      kept.delete(id);
      kept.set(id, { token, endMs: expiresAt * 1000 });
      if (kept.size > MOST_KEPT) kept.delete(kept.keys().next().value as string);
      return token;
    } catch (cause) {
      throw unusable(cause);
    }
  };
  const tokenOf: TokenOf = (principal) => {
    const id = JSON.stringify([principal.key, principal.scopes ?? null]);
    const now = Date.now();
    // One that was made for a longer token of the same principal would outlive this one.
    const known = kept.get(id);
    const isGood =
      known && known.endMs - now >= LEAST_LEFT_MS && !((principal.expiresAt ?? Infinity) * 1000 < known.endMs);
    return isGood ? known.token : make(principal, id, now);
  };
  return Object.assign(tokenOf, { check });
}
