// What the page has one of: the token manager, and what goes by its token. Made once, outside of any component.

import { ArcClient, createFetch, TokenManager } from "arcgate/client";

async function begin() {
  const manager = await TokenManager.create(
    {
      type: "authorization_code",
      issuer: import.meta.env.VITE_ISSUER,
      clientId: import.meta.env.VITE_CLIENT_ID,
      redirectUri: `${location.origin}/`,
      postLogoutRedirectUri: `${location.origin}/`,
      scope: "openid offline_access arc.agent.caller arc.task.controller",
    },
    // After a reload the tab is still logged in, and so are the tabs beside it. SECURITY.md says what that means.
    { storage: "session", shareAcrossTabs: true },
  );
  const problem = await arrive(manager);
  return {
    manager,
    problem,
    // The token goes to this page's own server, and to no other.
    api: createFetch(manager, { origins: [location.origin] }),
    agents: await ArcClient.create({
      endpoint: `${location.origin}/arc`,
      requestAgent: "example-page",
      token: manager,
    }),
  };
}

// The provider has sent somebody back; or another tab may know who it is.
async function arrive(manager) {
  const query = new URLSearchParams(location.search);
  // A `state` alone may be a page's own.
  if (!query.has("state") || !(query.has("code") || query.has("error"))) {
    if (!manager.claims) await manager.getToken().catch(() => {});
    return undefined;
  }
  let next = "/";
  try {
    const { returnTo } = await manager.completeLogin(location.href);
    next = returnTo ?? next;
    return undefined;
  } catch (error) {
    next = error.details?.returnTo ?? next;
    return `${error.code} ${error.details?.subject ?? ""}`;
  } finally {
    // The code leaves the address bar.
    history.replaceState(null, "", next);
  }
}

export const session = begin();
