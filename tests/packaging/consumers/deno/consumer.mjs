const run = ["deno", "run", "--no-prompt", "--node-modules-dir=manual"];

export default {
  name: "Deno",
  ways: {
    run: ({ exec }) => exec([...run, "--allow-read", "main.mjs"]),
    "run --allow-all": ({ exec }) => exec([...run, "--allow-all", "main.mjs"]),
  },
};
