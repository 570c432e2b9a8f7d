import { join } from "node:path";
import { takeElsewhere } from "../../harness/elsewhere.mjs";
import { everyAnswer } from "../../harness/everyone.mjs";

const look = ({ get, page }, url) =>
  everyAnswer({
    "/server": () => get(`${url}/server`),
    "/api/check": () => get(`${url}/api/check`),
    "/client": () => page(`${url}/client`),
  });

export default {
  name: "Nuxt 4",
  ways: {
    async "build, for Node"(kit) {
      await kit.exec(["nuxt", "build"]);
      // Nitro's output has all that it needs.
      const server = join(takeElsewhere(kit, ".output"), "server/index.mjs");
      return look(kit, await kit.serve(["node", server], { env: { HOST: "127.0.0.1", PORT: "{port}" } }));
    },
    dev: async (kit) =>
      look(kit, await kit.serve(["nuxt", "dev", "--host", "127.0.0.1", "--port", "{port}", "--no-fork"])),
  },
};
