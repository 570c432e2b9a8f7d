// The managers of tokens, each as its documentation has it used, and what the benchmark does with them. Runs in a page.

import { Auth0Client } from "@auth0/auth0-spa-js";
import { TokenManager } from "arcgate/client";
import { InMemoryWebStorage, User, UserManager, WebStorageStateStore } from "oidc-client-ts";

const clientId = "page";
const base = location.origin;

async function tokensOf() {
  const body = new URLSearchParams({ grant_type: "authorization_code", code: "first", client_id: clientId });
  return (await fetch(`${base}/token`, { method: "POST", body })).json();
}

const makers = {
  async arcgate() {
    const { id_token, ...tokens } = await tokensOf();
    const source = {
      type: "refresh_token",
      tokenEndpoint: `${base}/token`,
      clientId,
      refreshToken: tokens.refresh_token,
    };
    const manager = await TokenManager.create(source);
    manager.setToken(tokens);
    return () => manager.getToken();
  },

  async "oidc-client-ts"() {
    const manager = new UserManager({
      authority: base,
      client_id: clientId,
      redirect_uri: location.origin,
      metadata: { issuer: `${base}/`, token_endpoint: `${base}/token`, authorization_endpoint: `${base}/auth` },
      userStore: new WebStorageStateStore({ store: new InMemoryWebStorage() }),
    });
    const tokens = await tokensOf();
    const expires_at = Math.floor(Date.now() / 1000) + tokens.expires_in;
    const profile = { iss: `${base}/`, aud: clientId, sub: "alice", iat: 0, exp: expires_at };
    await manager.storeUser(new User({ ...tokens, expires_at, profile }));
    return async () => {
      const user = await manager.getUser();
      if (user && !user.expired) return user.access_token;
      return (await manager.signinSilent()).access_token;
    };
  },

  async "auth0-spa-js"() {
    const client = new Auth0Client({
      domain: base,
      clientId,
      useRefreshTokens: true,
      cacheLocation: "memory",
      authorizationParams: { redirect_uri: location.origin, scope: "openid" },
    });
    let asked;
    await client.loginWithRedirect({
      openUrl: async (url) => {
        asked = new URL(url).searchParams;
      },
    });
    const answer = new URLSearchParams({ code: asked.get("nonce"), state: asked.get("state") });
    await client.handleRedirectCallback(`${location.origin}/?${answer}`);
    return () => client.getTokenSilently();
  },
};

let get;

globalThis.bench = {
  names: Object.keys(makers),

  async begin(name) {
    get = await makers[name]();
    await get();
  },

  /** So many callers at once: how many got a token. */
  async burst(callers) {
    const outcomes = await Promise.allSettled(Array.from({ length: callers }, () => get()));
    return outcomes.filter(({ status, value }) => status === "fulfilled" && typeof value === "string").length;
  },

  /** Nanoseconds for a call, of so many one after the other. */
  async time(calls) {
    const start = performance.now();
    for (let call = 0; call < calls; call += 1) await get();
    return ((performance.now() - start) * 1e6) / calls;
  },
};
