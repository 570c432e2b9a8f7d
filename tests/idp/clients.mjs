// Who may ask this provider for tokens.

/** ARC 1.0's scopes. */
export const scopes = [
  "arc.agent.caller",
  "arc.task.controller",
  "arc.chat.controller",
  "arc.agent.receiver",
  "arc.task.notify",
];

/** The client who is somebody else. */
export const bob = "bob";

const machine = {
  client_secret: "demo-secret",
  grant_types: ["client_credentials"],
  redirect_uris: [],
  response_types: [],
  // Sent in the body or in the Authorization header: one client takes one way, so the other way has its own client.
  token_endpoint_auth_method: "client_secret_post",
};

// `signing`, `ttl` (seconds) and `format` are ours: how this client's access tokens are signed, how long they last, and
// whether they are "jwt" or "opaque".
export const clients = [
  { ...machine, client_id: "demo", signing: "RS256" },
  { ...machine, client_id: "demo-basic", token_endpoint_auth_method: "client_secret_basic", signing: "RS256" },
  { ...machine, client_id: "demo-es256", signing: "ES256" },
  { ...machine, client_id: "demo-eddsa", signing: "EdDSA" },
  { ...machine, client_id: "demo-short", signing: "RS256", ttl: 5 },
  // Somebody else, to see what is not theirs.
  { ...machine, client_id: bob, signing: "ES256" },
];

/** The playground: a public client in a page, with PKCE and a refresh token that rotates. */
export function webClient(origins) {
  return {
    client_id: "demo-web",
    application_type: "native",
    token_endpoint_auth_method: "none",
    grant_types: ["authorization_code", "refresh_token"],
    response_types: ["code"],
    redirect_uris: origins.flatMap((origin) => [`${origin}/`, `${origin}/callback`, `${origin}/callback.html`]),
    post_logout_redirect_uris: origins.map((origin) => `${origin}/`),
    signing: "RS256",
  };
}

/** The playground's page about tokens over time: theirs are short, so that one can watch them. */
export function pageClient(origins) {
  return {
    ...webClient(origins),
    client_id: "demo-page",
    redirect_uris: origins.map((origin) => `${origin}/tokens`),
    post_logout_redirect_uris: origins.map((origin) => `${origin}/tokens`),
    ttl: 30,
  };
}

/** How the access tokens of a client are made. */
export function tokenSettings(known, id) {
  const { signing = "RS256", ttl, format = "jwt" } = known.find(({ client_id }) => client_id === id) ?? {};
  return { signing, ttl, format };
}
