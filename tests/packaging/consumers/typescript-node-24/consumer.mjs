import typescript from "../typescript/consumer.mjs";

const wanted = ["5.9, nodenext", "7, nodenext", "7, bundler"];

export default {
  name: "TypeScript, @types/node 24",
  like: "typescript",
  ways: Object.fromEntries(wanted.map((way) => [way, typescript.ways[way]])),
};
