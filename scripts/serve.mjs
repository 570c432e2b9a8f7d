// `npm run serve`: the package of this checkout as `npx arcgate serve` starts it, with its options; STATE says where it keeps what
// must outlive it. worker/workerd.capnp is written besides, for a configuration of one's own that imports it.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "./build.mjs";
import { root } from "./setup/cache.mjs";
import { main, Stop } from "./setup/steps.mjs";
import { setup } from "./setup.mjs";

await main(async () => {
  await setup(["npm", "wasm"]);
  await build();
  // Not before they are built.
  const { readArguments } = await import("../pkg/bin/arguments.js");
  const { serve } = await import("../pkg/bin/serve.js");
  const { configuration } = await import("../pkg/bin/configuration.js");
  const { variables } = await import("../pkg/worker/env/names.js");
  const own = { address: "127.0.0.1:8787", state: "/var/lib/arcgate", authorities: [], variables };
  writeFileSync(join(root, "worker/workerd.capnp"), configuration(join(root, "pkg"), own, "../pkg/"));
  try {
    const { options } = readArguments(["serve", ...process.argv.slice(2)]);
    return await serve({ data: process.env.STATE || join(root, "dist/state"), ...defined(options) });
  } catch (error) {
    throw error.exitCode === undefined ? error : new Stop(error.message);
  }
});

function defined(options) {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}
