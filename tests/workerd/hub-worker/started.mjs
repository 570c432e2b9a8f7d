// The Worker of this folder under wrangler, and sessions with its runtime.

import { after, before } from "node:test";
import { fileURLToPath } from "node:url";
import { session } from "../../lib/arcp.mjs";
import { startWrangler } from "../../lib/worker.mjs";

export { bounded, submitted, toTheEnd, upTo } from "./sessions.mjs";

export let worker;
export let url;

before(async () => {
  const config = fileURLToPath(new URL("wrangler.toml", import.meta.url));
  worker = await startWrangler({}, { config });
  url = worker.url.replace("http", "ws");
});

after(() => worker?.close());

export const connect = (who, { path = "/all", ...options } = {}) => session(`${url}${path}?who=${who}`, "", options);
