import { rmSync } from "node:fs";
import { join } from "node:path";
import { everyAnswer } from "../../harness/everyone.mjs";

const env = { NEXT_TELEMETRY_DISABLED: "1" };

const places = ["/server", "/api/node", "/proxied"];
const edge = ["/api/edge", "/api/old-edge"];

async function look({ get, page }, url, paths) {
  return everyAnswer({
    ...Object.fromEntries(paths.map((path) => [path, () => get(url + path)])),
    "/client": () => page(`${url}/client`),
  });
}

const server = ["-H", "127.0.0.1", "-p", "{port}"];

/** Builds with one of its two bundlers, and looks at the server that comes of it. */
const build = (bundler, paths) => async (kit) => {
  await kit.exec(["next", "build", bundler], { env });
  return look(kit, await kit.serve(["next", "start", ...server], { env, ready: /Ready/ }), paths);
};

const develop = (bundler, paths) => async (kit) =>
  look(kit, await kit.serve(["next", "dev", bundler, ...server], { env, ready: /Ready/ }), paths);

/** With webpack it has no `runtime = "edge"` in a route of the App Router, whatever is in that route. */
const withoutEdgeRoute = (way) => (kit) => {
  rmSync(join(kit.project, "app/api/edge"), { recursive: true });
  return way(kit);
};

export default {
  name: "Next 16",
  ways: {
    "Turbopack: build and start": build("--turbopack", [...places, ...edge]),
    "Turbopack: dev": develop("--turbopack", [...places, ...edge]),
    "webpack: build and start": withoutEdgeRoute(build("--webpack", [...places, "/api/old-edge"])),
    "webpack: dev": withoutEdgeRoute(develop("--webpack", [...places, "/api/old-edge"])),
  },
};
