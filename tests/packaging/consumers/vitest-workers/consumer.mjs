export default {
  name: "Vitest in workerd",
  ways: {
    // It looks for a newer wrangler when it starts, and goes on without an answer.
    run: ({ exec }) => exec(["vitest", "run"], { env: { WRANGLER_SEND_METRICS: "false" } }),
  },
};
