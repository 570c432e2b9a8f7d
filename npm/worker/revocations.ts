// @ts-nocheck
// What is revoked: asked for each request and, again and again, for live sessions; said by `revoke`.
//
// The entries are in a Durable Object (revocation-store.ts). A KV namespace would be the simpler place, and takes up to a
// minute to be the same everywhere. Each isolate keeps a copy, and nobody is let in by one that is older than two seconds.

import { ArcgateError, configError } from "../errors.js";
import { checkKeys } from "../platform/options.js";

const BINDING = "REVOCATIONS";
/** A copy may be this old. */
const MAX_AGE_MS = 2000;
/** From this age on it is brought up to date beside a request, so that the next one need not wait. */
const REFRESH_MS = 1000;
const TIMEOUT_MS = 3000;
/** Longer ones are no names. */
const LONGEST = 1024;
/** An entry outlives the last token that it is about by the largest tolerance. */
const TOLERANCE_SEC = 300;

/** The revocations of one deployment. `env.REVOCATIONS` is a namespace of RevocationStore; without it nothing is asked. */
export class Revocations {
  #maxLifetimeSec;
  #now;
  #copies = new WeakMap();

  /** Entries are kept for `maxTokenLifetimeSec`, and no token that lives longer is let in. */
  constructor({ maxTokenLifetimeSec, now = Date.now }) {
    this.#maxLifetimeSec = maxTokenLifetimeSec;
    this.#now = now;
  }

  /** Whether there is anything to ask about this principal. */
  applies(env, { kind }) {
    return kind === "jwt" && env?.[BINDING] !== undefined && env[BINDING] !== null;
  }

  /**
   * Whether the JWT of a principal is revoked. `credentials` are those that it was verified by. Throws
   * ERR_VERIFIER_UNAVAILABLE (retryable) when the store can't be asked, and ERR_TOKEN_CLAIM when the token lives longer than
   * entries are kept.
   */
  async isRevoked(env, principal, credentials, { maxAgeMs = MAX_AGE_MS, waitUntil } = {}) {
    if (!this.applies(env, principal)) return false;
    const binding = env[BINDING];
    const { jti, sub, iat, exp } = factsOf(principal, credentials?.token);
    if (exp - (iat ?? this.#now() / 1000) > this.#maxLifetimeSec) {
      throw new ArcgateError("ERR_TOKEN_CLAIM", "the token lives longer than `limits.maxTokenLifetimeSec`", {
        details: { fault: "caller", subject: "exp" },
      });
    }
    const { entries } = await this.#copyOf(binding, maxAgeMs, waitUntil);
    const { issuer } = principal;
    const names = [nameOf({ issuer }), nameOf({ issuer, sub })];
    if (jti !== undefined) names.push(nameOf({ issuer, jti }), nameOf({ issuer, jti, sub }));
    return names.some((name) => {
      const entry = entries.get(name);
      // A token that does not say when it was issued may be as old as any.
      return entry !== undefined && (entry.before === null || iat === undefined || iat <= entry.before);
    });
  }

  /** Revokes. Every isolate knows it two seconds after this has resolved. */
  async revoke(env, entry) {
    checkKeys(entry, ["issuer", "jti", "sub", "before"], "entry");
    const { issuer, jti, before } = entry;
    const sub = Number.isSafeInteger(entry.sub) ? String(entry.sub) : entry.sub;
    for (const [name, value] of Object.entries({ issuer, jti, sub })) {
      // What is there and undefined would revoke more than is meant: everything of the issuer.
      if (value === undefined && !(name in entry) && name !== "issuer") continue;
      if (typeof value === "string" && value !== "" && value.length <= LONGEST) continue;
      throw configError(`entry.${name}`, `must be a string of 1 to ${LONGEST} characters`);
    }
    const now = this.#now() / 1000;
    if (before !== undefined && !(Number.isFinite(before) && before >= 0 && before <= now + TOLERANCE_SEC)) {
      throw configError("entry.before", "must be an instant that is not in the future: seconds since 1970");
    }
    const binding = env?.[BINDING];
    if (binding === undefined || binding === null) {
      throw configError(BINDING, "is not bound: bind a Durable Object namespace of the class RevocationStore to it");
    }
    const body = JSON.stringify({
      name: nameOf({ issuer, jti, sub }),
      // One token is revoked whenever it was issued; of a subject or an issuer, what was issued until now.
      before: before ?? (jti === undefined ? now : null),
      expires: now + this.#maxLifetimeSec + TOLERANCE_SEC,
    });
    const { status } = await ask(binding, "/add", { method: "POST", body });
    if (status === 507) throw unavailable("the store of revocations is full");
    if (status !== 204) throw unavailable(`the store of revocations answered ${status}`);
    this.#copies.delete(binding);
  }

  async #copyOf(binding, maxAgeMs, waitUntil) {
    let copy = this.#copies.get(binding);
    if (!copy) {
      copy = { asOf: Number.NEGATIVE_INFINITY, refreshedAt: 0, epoch: "", seq: 0, entries: new Map() };
      this.#copies.set(binding, copy);
    }
    const now = this.#now();
    const age = now - copy.asOf;
    // A clock that was set back says nothing about age.
    if (age < 0 || age > maxAgeMs) await this.#update(binding, copy);
    else if (waitUntil && age > REFRESH_MS && now - copy.refreshedAt > REFRESH_MS) {
      copy.refreshedAt = now;
      waitUntil(this.#update(binding, copy).catch(() => {}));
    }
    return copy;
  }

  // Each request does this for itself: a promise of another one may never settle.
  async #update(binding, copy) {
    const asOf = this.#now();
    for (let isMore = true; isMore; ) {
      const response = await ask(binding, `/changes?epoch=${copy.epoch}&seq=${copy.seq}`);
      if (response.status !== 200) throw unavailable(`the store of revocations answered ${response.status}`);
      const { epoch, seq, more, entries } = await read(response);
      if (epoch !== copy.epoch) {
        copy.epoch = epoch;
        copy.seq = 0;
        copy.entries.clear();
      }
      for (const { name, before, expires } of entries) copy.entries.set(name, { before, expires });
      copy.seq = Math.max(copy.seq, seq);
      isMore = more === true;
    }
    for (const [name, { expires }] of copy.entries) if (expires * 1000 <= asOf) copy.entries.delete(name);
    copy.asOf = Math.max(copy.asOf, asOf);
  }
}

// What an entry is about, as one name.
function nameOf({ issuer, jti, sub }) {
  return JSON.stringify([issuer, jti ?? null, sub ?? null]);
}

// What a verified token says of itself. Where the credential is not the token that was verified (a verifier that found it
// elsewhere), only what the principal says is known.
function factsOf(principal, token) {
  const otherwise = { sub: principal.id, exp: principal.expiresAt };
  let claims;
  try {
    const [, payload] = token.split(".");
    const bytes = Uint8Array.from(atob(payload.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
    claims = JSON.parse(new TextDecoder().decode(bytes), subjectAsText);
  } catch {
    return otherwise;
  }
  if (claims?.iss !== principal.issuer) return otherwise;
  const { jti, sub, iat, exp } = claims;
  // An empty claim says nothing: Cloudflare's service tokens have a `sub` like that, and are named by another claim.
  const isName = (value) => typeof value === "string" && value !== "";
  return {
    jti: isName(jti) ? jti : undefined,
    sub: isName(sub) ? sub : principal.id,
    iat: typeof iat === "number" ? iat : undefined,
    exp: typeof exp === "number" ? exp : principal.expiresAt,
  };
}

// An integer as a subject is its digits: every other way to write it is the same user. `source` is what stands in the token, where
// the platform tells: a number may have more digits than JavaScript keeps.
function subjectAsText(key, value, { source } = {}) {
  if (key !== "sub" || typeof value !== "number") return value;
  if (/^-?[1-9]\d*$/.test(source)) return source;
  return Number.isSafeInteger(value) ? String(value) : undefined;
}

async function ask(binding, path, init = {}) {
  if (typeof binding.idFromName !== "function" || typeof binding.get !== "function") {
    throw configError(BINDING, "must be a Durable Object namespace of the class RevocationStore");
  }
  try {
    const stub = binding.get(binding.idFromName("revocations"));
    return await stub.fetch(`https://revocations${path}`, { ...init, signal: AbortSignal.timeout(TIMEOUT_MS) });
  } catch (cause) {
    throw unavailable("the store of revocations can't be reached", cause);
  }
}

async function read(response) {
  try {
    return await response.json();
  } catch (cause) {
    throw unavailable("the store of revocations broke off", cause);
  }
}

// Whoever can't be looked up is not let in.
function unavailable(message, cause) {
  return new ArcgateError("ERR_VERIFIER_UNAVAILABLE", message, {
    retryable: true,
    details: { fault: "configuration" },
    cause,
  });
}
