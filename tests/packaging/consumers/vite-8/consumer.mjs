import vite, { workerBuild } from "../vite-7/consumer.mjs";

export default {
  name: "Vite 8",
  like: "vite-7",
  quick: ["build and preview"],
  ways: { ...vite.ways, "Web Worker, build": workerBuild },
};
