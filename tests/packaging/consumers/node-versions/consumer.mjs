import { join } from "node:path";

// The oldest that the package names, and the newest of each line since the one that the tests run on.
const versions = ["20", "24", "26"];

const run =
  (version, program) =>
  ({ exec, project }) =>
    exec([join(project, `node_modules/node-${version}/bin/node`), program]);

export default {
  name: "Node, other versions",
  like: "node",
  ways: Object.fromEntries(
    versions.flatMap((version) => [
      [`import, Node ${version}`, run(version, "main.mjs")],
      [`require, Node ${version}`, run(version, "main.cjs")],
      [`worker threads, Node ${version}`, run(version, "threads.mjs")],
    ]),
  ),
};
