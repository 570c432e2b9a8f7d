// A gate whose users are whoever their tokens name, each with many sessions.

import { agents } from "./agents.js";

export const options = {
  verifier: { authenticate: async ({ token }) => ({ id: token }) },
  agents,
  limits: { maxSessions: 200, maxConnectionsPerPrincipal: 200 },
};
