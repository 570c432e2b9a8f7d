import vite, { listen, workerBuild } from "../vite-7/consumer.mjs";

const { "dev, with the module itself": _, ...ways } = vite.ways;

export default {
  name: "Vite 8",
  like: "vite-7",
  quick: ["build and preview"],
  ways: {
    ...ways,
    dev: async ({ serve, page }) => page(await serve(["vite", ...listen]), { silent: true }),
    "Web Worker, build": workerBuild,
  },
};
