// The same Worker with the playground's settings, for `npm start` (wrangler.development.toml). It is never deployed.

import { placeOf } from "../pkg/verify/request.js";
import { devMode, listVariable } from "../pkg/worker/env/variables.js";
import app from "./index.js";
import { playgroundSettings } from "./playground.js";

export { RevocationStore, RuntimeHub, revocations } from "./index.js";

export default {
  async fetch(request, env, ctx) {
    const { host, path } = placeOf(request);
    if (path !== "/playground.json" || host === "") return app.fetch(request, env, ctx);
    const hosts = devMode(env) ? ["localhost", "127.0.0.1", "[::1]"] : undefined;
    return playgroundSettings(request, env, {
      allowedOrigins: listVariable(env, "ALLOWED_ORIGINS"),
      allowedHosts: listVariable(env, "ALLOWED_HOSTS") ?? hosts,
    });
  },
};
