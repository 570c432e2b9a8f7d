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
  },
};
