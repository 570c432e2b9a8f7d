// What the playground's page has to know of a development set-up. A deployed Worker has no such variable, and its page
// says so.

import { bob, clients } from "../../tests/idp/clients.mjs";

/** The Worker's variable PLAYGROUND. `trusted`: whether the Worker takes this provider's tokens. */
export function playground({ issuer, origin, trusted = true }) {
  const usable = clients.filter(
    ({ client_id, token_endpoint_auth_method: way, ttl }) => way === "client_secret_post" && !ttl && client_id !== bob,
  );
  const { client_secret: secret } = clients.find(({ client_id }) => client_id === bob);
  return JSON.stringify({
    issuer,
    audience: `${origin}/arc`,
    trusted,
    // Who logs people in, on the page about tokens over time.
    page: "demo-page",
    bob: { id: bob, secret },
    clients: usable.map(({ client_id, client_secret, signing }) => ({
      id: client_id,
      secret: client_secret,
      algorithm: signing,
    })),
  });
}
