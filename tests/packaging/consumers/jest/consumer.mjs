import { join } from "node:path";

// As Jest's own documentation has it, where tests are ES modules.
const esModules = ["--experimental-vm-modules", "node_modules/jest/bin/jest.js"];

/** Jest compiles the tests, and the package with them. */
const compiledBy = (compiler) => (kit) => {
  kit.write("documented.config.js", kit.documented("Jest that compiles to CommonJS"));
  return kit.exec(["jest", `--config=${compiler}-jest.config.js`]);
};

export default {
  name: "Jest",
  ways: {
    "ES modules": ({ exec, documented }) => exec(["sh", "-c", `${documented("Jest").trim()} --config=esm.config.json`]),
    "ES modules, in a jsdom"({ exec, write, documented }) {
      write("jest-environment.cjs", documented("Jest with a jsdom"));
      return exec(["node", ...esModules, "--config=esm.config.json", "--env=./jest-environment.cjs"]);
    },
    "CommonJS by Babel": compiledBy("babel"),
    "CommonJS by SWC": compiledBy("swc"),
    // From 24.9 on, Jest's `require` takes ES modules.
    "CommonJS by Babel, Node 24": ({ exec, project }) =>
      exec([join(project, "node_modules/node/bin/node"), ...esModules, "--config=commonjs.config.json"]),
  },
};
