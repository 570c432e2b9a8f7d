// Sources of tokens at the real provider, a client for each.

import assert from "node:assert/strict";
import { after, before } from "node:test";
import { ArcgateError } from "../../pkg/entry.node.js";
import { startIdp } from "../idp/idp.mjs";
import { logIn } from "./login.mjs";
import { create as createManager } from "./token-manager.mjs";

const REDIRECT = "http://127.0.0.1:1/callback";
export const SCOPE = "arc.agent.caller";
const machine = {
  client_secret: "machine-secret",
  grant_types: ["client_credentials"],
  redirect_uris: [],
  response_types: [],
  token_endpoint_auth_method: "client_secret_post",
};

const person = {
  application_type: "native",
  token_endpoint_auth_method: "none",
  grant_types: ["authorization_code", "refresh_token"],
  redirect_uris: [REDIRECT],
};

const clients = {
  basic: { ...machine, token_endpoint_auth_method: "client_secret_basic" },
  post: machine,
  keyed: { ...machine, client_secret: undefined, token_endpoint_auth_method: "private_key_jwt" },
  "machine-opaque": { ...machine, format: "opaque" },
  "machine-10": { ...machine, ttl: 10 },
  person,
  confidential: { ...person, client_secret: "person-secret", token_endpoint_auth_method: "client_secret_post" },
  "person-4": { ...person, ttl: 4 },
  "person-10": { ...person, ttl: 10 },
  "person-opaque": { ...person, format: "opaque" },
};

export let idp;
export let keys;

before(async () => {
  keys = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign", "verify"]);
  const jwk = { ...(await crypto.subtle.exportKey("jwk", keys.publicKey)), kid: "client-key", use: "sig" };
  clients.keyed.jwks = { keys: [jwk] };
  idp = await startIdp({ clients: Object.entries(clients).map(([client_id, client]) => ({ client_id, ...client })) });
});

after(async () => {
  await idp?.close();
});

export const create = (source, options) => createManager({ issuer: idp.issuer, ...source }, options);
export const logInAs = (clientId) =>
  logIn(idp, {
    client: { client_id: clientId, ...clients[clientId] },
    redirectUri: REDIRECT,
    scope: `openid offline_access ${SCOPE}`,
  });

export const machineSource = (clientId, more) => ({
  type: "client_credentials",
  clientId,
  clientSecret: "machine-secret",
  clientAuth: clients[clientId].token_endpoint_auth_method,
  scope: SCOPE,
  ...more,
});

export const personSource = async (clientId, more) => ({
  type: "refresh_token",
  clientId,
  refreshToken: (await logInAs(clientId)).refresh_token,
  ...more,
});

/** The platform's fetch; the refresh tokens that are sent through it are kept. */
export function spying() {
  const spy = (url, init) => {
    const refreshToken = new URLSearchParams(init?.body).get("refresh_token");
    if (refreshToken) spy.sent.push(refreshToken);
    return fetch(url, init);
  };
  spy.sent = [];
  return spy;
}

export const fails =
  (code, subject, cause = subject) =>
  (error) => {
    assert.ok(error instanceof ArcgateError, String(error));
    assert.deepEqual([error.code, error.details.subject], [code, subject], `${error.message} (${cause})`);
    return true;
  };

export const claimsOf = (token) => JSON.parse(Buffer.from(token.split(".")[1], "base64url"));
