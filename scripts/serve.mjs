// `npm run serve`: the Worker under `workerd serve`, for a machine of one's own. Its variables come from the environment;
// HOST and PORT say where it listens, STATE where it keeps what must outlive it.

import { existsSync, mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { build } from "./build.mjs";
import { descriptorLimit, fitting, raised } from "./serve/descriptors.mjs";
import { root } from "./setup/cache.mjs";
import { endGroup, startGroup } from "./setup/processes.mjs";
import { main } from "./setup/steps.mjs";
import { setup } from "./setup.mjs";

await main(async () => {
  await setup(["npm", "wasm"]);
  await build();
  // Not before there is an esbuild.
  const { bundleWorker } = await import("./serve/bundle.mjs");
  await bundleWorker();
  const address = `${process.env.HOST ?? "127.0.0.1"}:${process.env.PORT ?? 8787}`;
  const state = resolve(process.env.STATE ?? join(root, "dist/state"));
  if (!existsSync(state)) mkdirSync(state, { recursive: true, mode: 0o700 });
  const args = [
    "serve",
    join(root, "worker/workerd.capnp"),
    `--socket-addr=http=${address}`,
    `--directory-path=state=${state}`,
  ];
  const { maxConnections, line } = fitting(descriptorLimit(), process.env.MAX_CONNECTIONS);
  console.log(`Serve\n  http://${address}\n  ${line}`);
  const child = startGroup("sh", [...raised, join(root, "node_modules/.bin/workerd"), ...args], {
    env: maxConnections === undefined ? {} : { MAX_CONNECTIONS: maxConnections },
    onLine: (said) => console.log(said),
  });
  const end = () => endGroup(child);
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, end);
  // Under npm, the end of npm is the end of this too, however it came.
  const parent = process.ppid;
  if (process.env.npm_lifecycle_event) setInterval(() => process.ppid === parent || end(), 1000).unref();
  const { code } = await child.ended;
  return code ?? 0;
});
