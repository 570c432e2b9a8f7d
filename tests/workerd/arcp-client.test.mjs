// ArcpClient in workerd: a Worker asks the agents behind another one's gate.

import { after, before } from "node:test";
import { fileURLToPath } from "node:url";
import { startWrangler } from "../lib/worker.mjs";
import { sessions } from "./arcp-client/sessions.mjs";

const config = fileURLToPath(new URL("arcp-client/wrangler.toml", import.meta.url));
let gate;
let asker;
before(async () => {
  gate = await startWrangler({ STATIC_TOKENS: { "tok-alice": "alice" } });
  asker = await startWrangler({}, { config });
});
after(() => Promise.all([asker?.close(), gate?.close()]));

sessions(() => ({ gate, asker }));
