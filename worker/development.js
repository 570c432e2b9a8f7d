// The same Worker with the playground's settings, for `npm start` (wrangler.development.toml). It is never deployed.

import { placeOf } from "../pkg/verify/request.js";
import { devMode, listVariable } from "../pkg/worker/env/variables.js";
import app from "./index.js";
import { playgroundSettings } from "./playground.js";
import { restartHubs, withKnownHubs } from "./restart.js";

export { RevocationStore, revocations, SessionHold } from "./index.js";
export { RestartableHub as RuntimeHub } from "./restart.js";

const routes = new Map([
  ["/playground.json", playgroundSettings],
  ["/playground/restart", restartHubs],
]);

export default {
  async fetch(request, env, ctx) {
    const { host, path } = placeOf(request);
    const route = routes.get(path);
    if (route === undefined || host === "") return app.fetch(request, withKnownHubs(env), ctx);
    const hosts = devMode(env) ? ["localhost", "127.0.0.1", "[::1]"] : undefined;
    return route(request, env, {
      allowedOrigins: listVariable(env, "ALLOWED_ORIGINS"),
      allowedHosts: listVariable(env, "ALLOWED_HOSTS") ?? hosts,
    });
  },
};
