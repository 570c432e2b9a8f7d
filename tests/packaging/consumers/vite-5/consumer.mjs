import vite from "../vite-7/consumer.mjs";

const { dev, "build and preview": build, "Web Worker, build": worker } = vite.ways;

export default {
  name: "Vite 5",
  like: "vite-7",
  ways: { dev, "build and preview": build, "Web Worker, build": worker },
};
