const system = process.execPath;

export default {
  name: "Node",
  quick: ["import", "require"],
  ways: {
    import: ({ exec }) => exec(["node", "main.mjs"]),
    require: ({ exec }) => exec(["node", "main.cjs"]),
    // The one that runs the tests: Node 20, where that is the system's.
    "import, the system's": ({ exec }) => exec([system, "main.mjs"]),
    "require, the system's": ({ exec }) => exec([system, "main.cjs"]),
    "worker threads": ({ exec }) => exec(["node", "threads.mjs"]),
    // Without what a test runner tells the ones that it starts.
    "node:test": ({ exec }) => exec(["env", "-u", "NODE_TEST_CONTEXT", "node", "--test", "arcgate.test.mjs"]),
  },
};
