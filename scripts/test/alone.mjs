// The test files beside which no other one runs, and why. All others may: they take free ports, have folders of their own, and wait for
// what they wait for rather than for a time.

const measures = "measures the CPU and the memory of what it starts";

export const alone = {
  "tests/e2e/bench-attackers.test.mjs": measures,
  "tests/e2e/bench-gate.test.mjs": measures,
  "tests/e2e/bench-hub.test.mjs": measures,
};
