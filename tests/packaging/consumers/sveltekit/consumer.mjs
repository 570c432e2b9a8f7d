import { readFileSync } from "node:fs";
import { join } from "node:path";
import { everyAnswer } from "../../harness/everyone.mjs";

const look = ({ get, page }, url) =>
  everyAnswer({
    "/server": () => get(`${url}/server`),
    "/api": () => get(`${url}/api`),
    "/client": () => page(`${url}/client`),
  });

async function buildAndStart(kit) {
  await kit.exec(["vite", "build"]);
  return look(kit, await kit.serve(["node", "build"], { env: { HOST: "127.0.0.1", PORT: "{port}" } }));
}

/** adapter-node bundles what is a devDependency, and leaves dependencies to Node. */
function asDependency({ project, write }) {
  const manifest = JSON.parse(readFileSync(join(project, "package.json"), "utf8"));
  const { arcgate, ...devDependencies } = manifest.devDependencies;
  write("package.json", JSON.stringify({ ...manifest, dependencies: { arcgate }, devDependencies }));
}

export default {
  name: "SvelteKit 3 with adapter-node",
  ways: {
    devDependency: buildAndStart,
    dependency(kit) {
      asDependency(kit);
      return buildAndStart(kit);
    },
    dev: async (kit) =>
      look(kit, await kit.serve(["vite", "dev", "--host", "127.0.0.1", "--port", "{port}", "--strictPort"])),
  },
};
