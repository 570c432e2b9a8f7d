import { everyAnswer } from "../../harness/everyone.mjs";

const env = { ASTRO_TELEMETRY_DISABLED: "1" };

const look = ({ get, page }, url) =>
  everyAnswer({
    "/server": () => get(`${url}/server`),
    "/api": () => get(`${url}/api`),
    "/client": () => page(`${url}/client`),
  });

export default {
  name: "Astro 7 with its Node adapter",
  ways: {
    async "build and start"(kit) {
      await kit.exec(["astro", "build"], { env });
      const own = { ...env, HOST: "127.0.0.1", PORT: "{port}" };
      return look(kit, await kit.serve(["node", "dist/server/entry.mjs"], { env: own }));
    },
    dev: async (kit) =>
      look(kit, await kit.serve(["astro", "dev", "--host", "127.0.0.1", "--port", "{port}"], { env })),
  },
};
