// The test files that have no second try, and why: of these a failure that comes and goes is what they are there to find.

const kills = "kills and harms at random moments: what it finds may not come a second time";
const cuts = "cuts connections at moments that depend on the machine: what it finds may not come a second time";
const keys = "has keys of its own each time, and mutates what they sign";

export const once = {
  "tests/node/differential.test.mjs": keys,
  "tests/node/fuzz.test.mjs": keys,
  "tests/workerd/hub-faults.test.mjs": kills,
  "tests/workerd/hold-kill.test.mjs": kills,
  "tests/workerd/hub-kill.test.mjs": kills,
  "tests/e2e/arcp-under-cuts.test.mjs": cuts,
};
