// A real OpenID provider on loopback, for `npm start` and for the tests: the certified `oidc-provider`, with
// clients and resources that are ready to use. Tests steer it: rotate its keys, make its JWKS fail, count fetches.

import { createServer } from "node:http";
import { clients as defaultClients, pageClient, scopes, tokenSettings, webClient } from "./clients.mjs";
import { makeKeys, signer } from "./keys.mjs";
import { TokenEndpoint } from "./token-endpoint.mjs";

// It warns, while it loads and at every start, of all that would be wrong in production: plain http, storage
// in memory, development interactions. Here that is what it is for.
const { default: Provider, errors } = await quietly(() => import("oidc-provider"));
const { createMemoryAdapter } = await import("oidc-provider/lib/adapters/memory_adapter.js");

/**
 * Starts a provider. `port: 0` takes any free port.
 * `resources`: the audiences it issues access tokens for, the first by default.
 * `origins`: the pages that may call it and be redirected to.
 */
export async function startIdp({
  port = 0,
  host = "127.0.0.1",
  resources = ["http://127.0.0.1:8787/arc"],
  origins = ["http://127.0.0.1:8787"],
  accessTokenTtlSec = 600,
  clients = [],
} = {}) {
  const adapter = createMemoryAdapter();
  const state = {
    ttl: accessTokenTtlSec,
    fetches: { jwks: 0, discovery: 0 },
    jwksFailing: 0,
    jwksDelayMs: 0,
    jwksHeaders: {},
    openidHidden: false,
  };
  const tokenEndpoint = new TokenEndpoint();
  let handle;
  let keys = await makeKeys();

  const server = createServer((request, response) => answer(request, response, state, tokenEndpoint, handle));
  await listen(server, port, host);
  const issuer = `http://${host}:${server.address().port}`;
  const known = [...defaultClients, webClient(origins), pageClient(origins), ...clients];

  // New keys mean a new provider; what the old one stored (sessions, refresh tokens) is shared.
  const restart = () => {
    const provider = quietly(
      () => new Provider(issuer, configuration({ adapter, keys, known, resources, origins, state })),
    );
    provider.use(withoutForeignFonts);
    handle = provider.callback();
  };
  restart();

  return {
    issuer,
    jwksUri: `${issuer}/jwks`,
    tokenEndpoint: `${issuer}/token`,
    resources,
    /** Signs with new keys from now on; with `keepOld` the old ones stay in the JWKS. */
    async rotateKeys({ keepOld = false } = {}) {
      const fresh = await makeKeys();
      keys = keepOld ? [...fresh, ...keys] : fresh;
      restart();
    },
    /** The public keys that it publishes now. */
    jwks: () => ({ keys: keys.map(({ d, p, q, dp, dq, qi, ...open }) => open) }),
    jwksFetches: () => state.fetches.jwks,
    discoveryFetches: () => state.fetches.discovery,
    resetCounts: () => Object.assign(state.fetches, { jwks: 0, discovery: 0 }),
    /** Answers the JWKS with this status (503 by default) until called with false. */
    setJwksFailing: (status = 503) => {
      state.jwksFailing = status === true ? 503 : status || 0;
    },
    setJwksDelay: (ms) => {
      state.jwksDelayMs = ms;
    },
    setJwksHeaders: (headers) => {
      state.jwksHeaders = headers;
    },
    setAccessTokenTtl: (seconds) => {
      state.ttl = seconds;
    },
    /** Publishes its metadata as an OAuth server does (RFC 8414), and not as an OpenID provider. */
    setOpenidHidden: (hidden = true) => {
      state.openidHidden = hidden;
    },
    /** The token endpoint: how often it was asked, and its failures. */
    tokens: tokenEndpoint,
    /** What the provider knows of an opaque token or a refresh token (RFC 7662). */
    introspect: (token) => introspect(issuer, known, token),
    /** An access token by client credentials, as a client gets it. */
    token: (options) => requestToken(issuer, known, options),
    /** Signs any claims with the provider's current key: for tokens that no provider would issue. */
    sign: (claims, options) => signer(keys, issuer, resources[0])(claims, options),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function configuration({ adapter, keys, known, resources, origins, state }) {
  return {
    adapter,
    clients: known.map(({ signing, ttl, format, ...client }) => client),
    jwks: { keys },
    cookies: { keys: ["a provider for development only"] },
    scopes: ["openid", "offline_access", "profile", ...scopes],
    claims: { openid: ["sub"], profile: ["name"] },
    findAccount: (_ctx, id) => ({ accountId: id, claims: () => ({ sub: id, name: id }) }),
    clientBasedCORS: (_ctx, origin) => origins.includes(origin),
    rotateRefreshToken: true,
    issueRefreshToken: (_ctx, client) => client.grantTypeAllowed("refresh_token"),
    pkce: { required: (_ctx, client) => client.clientAuthMethod === "none" },
    ttl: {
      Session: 86400,
      Grant: 86400,
      Interaction: 3600,
      IdToken: 3600,
      RefreshToken: 86400,
      AuthorizationCode: 60,
      AccessToken: (_ctx, token) => token.resourceServer?.accessTokenTTL ?? state.ttl,
      ClientCredentials: (_ctx, token) => token.resourceServer?.accessTokenTTL ?? state.ttl,
    },
    features: {
      devInteractions: { enabled: true },
      clientCredentials: { enabled: true },
      introspection: { enabled: true, allowedPolicy: isForClient },
      revocation: { enabled: true, allowedPolicy: isForClient },
      resourceIndicators: {
        enabled: true,
        defaultResource: (_ctx, _client, oneOf) => (oneOf?.length ? oneOf[0] : resources[0]),
        useGrantedResource: () => true,
        getResourceServerInfo: (_ctx, resource, client) => {
          if (!resources.includes(resource)) throw new errors.InvalidTarget();
          const { signing, ttl, format } = tokenSettings(known, client.clientId);
          return {
            scope: scopes.join(" "),
            audience: resource,
            accessTokenFormat: format,
            accessTokenTTL: ttl ?? state.ttl,
            jwt: { sign: { alg: signing } },
          };
        },
      },
    },
  };
}

// A public client, whom nobody can tell from another, is told of its own tokens only.
function isForClient(_ctx, client, token) {
  return client.clientAuthMethod !== "none" || token.clientId === client.clientId;
}

// The provider, with a hand on what it says of its keys.
async function answer(request, response, state, tokenEndpoint, handle) {
  const path = request.url.split("?")[0];
  if (path === "/jwks") {
    state.fetches.jwks += 1;
    if (state.jwksDelayMs) await new Promise((resolve) => setTimeout(resolve, state.jwksDelayMs));
    for (const [name, value] of Object.entries(state.jwksHeaders)) response.setHeader(name, value);
    if (state.jwksFailing) {
      response.writeHead(state.jwksFailing).end("unavailable");
      return;
    }
  }
  if (path === "/.well-known/openid-configuration") {
    state.fetches.discovery += 1;
    if (state.openidHidden) {
      response.writeHead(404).end("not found");
      return;
    }
  }
  if (path === "/token" && request.method === "POST") tokenEndpoint.answer(request, response, handle);
  else handle(request, response);
}

async function requestToken(issuer, known, { client = "demo", scope = scopes.join(" "), resource } = {}) {
  const { client_id, client_secret } = known.find(({ client_id }) => client_id === client) ?? {};
  const body = new URLSearchParams({
    grant_type: "client_credentials",
    client_id,
    client_secret,
    scope,
    ...(resource && { resource }),
  });
  const response = await fetch(`${issuer}/token`, { method: "POST", body });
  const answer = await response.json();
  if (!response.ok) throw new Error(`no token from the provider: ${JSON.stringify(answer)}`);
  return answer.access_token;
}

async function introspect(issuer, known, token) {
  const { client_id, client_secret } = known.find(({ client_id }) => client_id === "demo");
  const body = new URLSearchParams({ token, client_id, client_secret });
  const response = await fetch(`${issuer}/token/introspection`, { method: "POST", body });
  return response.json();
}

function listen(server, port, host) {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });
}

function quietly(work) {
  const { warn, info } = console;
  const restore = () => Object.assign(console, { warn, info });
  console.warn = console.info = () => {};
  let result;
  try {
    result = work();
  } finally {
    if (!(result instanceof Promise)) restore();
  }
  return result instanceof Promise ? result.finally(restore) : result;
}

// The library's pages for development fetch a font from elsewhere, where no visitor of a playground has asked to be known.
async function withoutForeignFonts(context, next) {
  await next();
  if (typeof context.body === "string" && context.response.is("html")) {
    context.body = context.body.replaceAll(/@import url\(https?:[^)]*\);?/g, "");
  }
}
