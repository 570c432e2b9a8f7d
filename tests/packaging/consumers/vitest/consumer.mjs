const inEnvironment =
  (name, ...more) =>
  ({ exec }) =>
    exec(["vitest", "run", `--environment=${name}`, ...more]);

export default {
  name: "Vitest",
  ways: {
    Node: inEnvironment("node"),
    jsdom: inEnvironment("jsdom"),
    "happy-dom": inEnvironment("happy-dom"),
    "Node, in vm threads": inEnvironment("node", "--pool=vmThreads"),
    "Node, with dependencies inlined": inEnvironment("node", "--config=inlined.config.js"),
  },
};
