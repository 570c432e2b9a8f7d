// @ts-nocheck
// Logging a person in: what a page does around the redirect. The core builds the URL and judges the answer; here are the
// random texts, the hash, the place where a login waits while the page is left, and the ID token's signature.

import { configError } from "../errors.js";
import { within } from "../platform/cancellation.js";
import { optionsJson } from "../platform/json.js";
import { checkKeys } from "../platform/options.js";
import { ready } from "../platform/wasm.js";
import { JwtVerifier } from "../verify/jwt-verifier.js";
import { base64url, unguessable } from "./request.js";

const STORAGE_LIMIT = 5000;
// The clocks of pages are often minutes wrong. The nonce, and not its age, makes an ID token the answer to this login.
const TOLERANCE = 300;
// Answers that were taken, with what came of them: React's StrictMode runs effects, and so a call, twice. In a page, whichever
// manager it was that took it.
const MOST_TAKEN = 4;
const takenInPage = new Map();
const isPage = typeof globalThis.document === "object";

/** The logins of a manager; `driver` is what the manager does for them. */
export class Logins {
  #source;
  #insecureHosts;
  #storage;
  #driver;
  #redirect;
  #taken = isPage ? takenInPage : new Map();
  #claims = new Map();
  #verifier;
  #keysAnswer;

  constructor(source, storage, driver, insecureHosts) {
    this.#source = source;
    this.#insecureHosts = insecureHosts;
    this.#storage = isPage ? undefined : storage;
    this.#driver = driver;
    this.#redirect = urlOf(source.redirectUri);
    if (!this.#redirect || this.#redirect.hash) {
      throw configError("source.redirectUri", "must be an absolute URL without a fragment");
    }
  }

  async begin(options = {}) {
    checkKeys(options, ["returnTo", "authorizationParams"]);
    const { returnTo, authorizationParams } = options;
    const own = optionsJson({ authorizationParams });
    if (!globalThis.crypto?.subtle) {
      throw configError("beginLogin", "needs WebCrypto, which pages have on https and on localhost only");
    }
    const goal = returnTo === undefined ? undefined : this.#goal(returnTo);
    await this.#driver.errand((core, now) => core.discover(now));
    const [state, nonce, verifier] = [unguessable(32), unguessable(32), unguessable(48)];
    const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier));
    const challenge = base64url(new Uint8Array(hash));
    await this.#load();
    const url = this.#driver.call((core, now) => {
      return core.beginLogin(`${state}\n${nonce}\n${verifier}`, challenge, goal, own, now);
    });
    await this.#save();
    return new URL(url);
  }

  async complete(url) {
    const parsed = urlOf(url, this.#redirect);
    if (!parsed) throw configError("url", "must be the URL that the provider sent the person back to");
    const query = [...parsed.searchParams];
    const key = `${this.#driver.call((core) => core.sourceId())} ${parsed.searchParams.get("state")}`;
    if (!this.#taken.has(key)) {
      await this.#driver.errand((core, now) => core.discover(now));
      await this.#load();
    }
    // From here to the map there is no await: of two calls one takes the answer.
    if (!this.#taken.has(key)) {
      const outcome = this.#take(query);
      this.#taken.set(key, outcome);
      outcome.catch(({ details }) => details?.subject === "state" && this.#taken.delete(key));
      if (this.#taken.size > MOST_TAKEN) this.#taken.delete(this.#taken.keys().next().value);
    }
    const { claims, returnTo, tokens, by } = await this.#taken.get(key);
    if (by !== this && tokens !== undefined) this.#driver.adopt(tokens, true);
    return { ...(claims && { claims: structuredClone(claims) }), ...(returnTo !== undefined && { returnTo }) };
  }

  async #take(query) {
    let answer;
    try {
      answer = this.#driver.call((core, now) => JSON.parse(core.completeLogin(JSON.stringify(query), now)));
    } finally {
      await this.#save();
    }
    // It was ours when the login began; who can write where logins wait could have changed it.
    const returnTo = answer.returnTo === undefined ? undefined : this.#goal(answer.returnTo);
    try {
      const tokens = await this.#driver.errand(() => answer.attempt);
      await this.#driver.signedIn();
      return { claims: this.#claims.get(answer.attempt), returnTo, tokens, by: this };
    } finally {
      this.#claims.delete(answer.attempt);
    }
  }

  /** Verifies an ID token, for the core: the arguments of its `verified`. Throws when the provider's keys can't be had. */
  async verify(flight, { token, keys }) {
    const { issuer, clientId: audience } = this.#source;
    await ready();
    // Its log line was the manager's.
    this.#verifier ??= new JwtVerifier({
      // `typ`: an access token is no ID token, whatever it says otherwise.
      providers: { login: { issuer, audience, typ: ["JWT", ""], ...(keys && { jwksUri: keys }) } },
      clockToleranceSec: TOLERANCE,
      tokenCache: false,
      insecureHosts: this.#insecureHosts,
      fetch: async (url, init) => {
        this.#keysAnswer = { url: String(url) };
        const response = await this.#driver.fetch(url, init);
        this.#keysAnswer.status = response.status;
        return response;
      },
      now: () => this.#driver.call((core, now) => now + core.serverAhead()),
    });
    try {
      const { claims } = await this.#verifier.verify(token);
      this.#claims.set(flight, claims);
      return ["verified", JSON.stringify(claims), ""];
    } catch (error) {
      if (error.retryable && error.code !== "ERR_TOKEN_NOT_YET_VALID") {
        this.#driver.failed(error);
        const { status, url } = { url: keys, ...this.#keysAnswer, ...error.details };
        return ["unverifiable", error.message, status, url, error.details?.retryAfterSec];
      }
      return ["verified", undefined, `${error.code} ${error.message}`];
    }
  }

  /** The logins that wait, beside the tokens that are about to be stored in their place. */
  beside(tokens) {
    if (!this.#storage) return tokens;
    const { logins } = JSON.parse(this.#driver.call((core) => core.waiting()));
    return logins.length ? { ...tokens, logins } : tokens;
  }

  /** After a logout, an answer that was taken before is an old one. */
  forget() {
    const source = this.#driver.call((core) => core.sourceId());
    for (const key of this.#taken.keys()) if (key.startsWith(`${source} `)) this.#taken.delete(key);
  }

  // Where the page goes on: a path of the page's own origin. Anything else would make the login send people to strangers.
  #goal(returnTo) {
    const { origin } = this.#redirect;
    const url = urlOf(returnTo, this.#redirect);
    if (!url?.href.startsWith(`${origin}/`) || url.pathname.startsWith("//")) {
      throw configError("returnTo", "must be a URL of the same origin as `source.redirectUri`");
    }
    return url.href.slice(origin.length);
  }

  get #key() {
    return `arcgate.logins:${this.#source.issuer} ${this.#source.clientId}`;
  }

  // Without a page or a storage, logins wait in the core.
  async #load() {
    if (isPage) {
      const text = keptInPage(() => sessionStorage.getItem(this.#key));
      this.#driver.call((core) => core.setWaiting(text ?? ""));
    } else if (this.#storage) {
      let logins;
      try {
        logins = JSON.stringify((await within(STORAGE_LIMIT, this.#storage.get()))?.logins ?? []) ?? "[]";
      } catch {
        // A storage that fails: what waits in memory is all there is.
        return;
      }
      this.#driver.call((core) => core.setWaiting(`{"source":${JSON.stringify(core.sourceId())},"logins":${logins}}`));
    }
  }

  async #save() {
    const text = this.#driver.call((core) => core.waiting());
    const { source, logins } = JSON.parse(text);
    if (isPage) {
      keptInPage(() =>
        logins.length ? sessionStorage.setItem(this.#key, text) : sessionStorage.removeItem(this.#key),
      );
    } else if (this.#storage) {
      await this.#driver.write(STORAGE_LIMIT, async () => {
        const { logins: _, ...stored } = (await this.#storage.get()) ?? { source, obtainedAt: 0 };
        await this.#storage.put(logins.length ? { ...stored, logins } : stored);
      });
    }
  }
}

function keptInPage(work) {
  try {
    return work();
  } catch {
    throw configError("beginLogin", "needs sessionStorage, which this page may not use: a login waits there");
  }
}

function urlOf(text, base) {
  try {
    return new URL(text, base);
  } catch {
    return undefined;
  }
}
