import { works } from "../../harness/fixture.mjs";

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
    async "not a jsdom in vm threads, and it says why"(kit) {
      const run = inEnvironment("jsdom", "--pool=vmThreads")(kit);
      const said = await run.catch(({ message }) => message);
      return said.includes("WebCrypto") && !said.includes(works) ? works : said;
    },
    "Node, with dependencies inlined": inEnvironment("node", "--config=inlined.config.js"),
  },
};
