// The conformance suite in workerd, bundled and started by wrangler as a user's Worker is.

import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { startWrangler } from "../lib/worker.mjs";

const config = fileURLToPath(new URL("conformance/wrangler.toml", import.meta.url));
// The tests' names come from the Worker, so it starts here and not in a hook.
const worker = await startWrangler({}, { config, ready: "/" });
after(() => worker.close());

for (const [index, name] of (await (await fetch(worker.url)).json()).entries()) {
  test(name, async () => {
    const response = await fetch(`${worker.url}/${index}`);
    if (!response.ok) throw new Error(await response.text());
  });
}
