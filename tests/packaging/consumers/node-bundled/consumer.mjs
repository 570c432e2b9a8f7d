import { join } from "node:path";
import { takeElsewhere } from "../../harness/elsewhere.mjs";

const bundled = (command, output) => async (kit) => {
  await kit.exec(command);
  return kit.exec(["node", join(takeElsewhere(kit, "out"), output)]);
};

const esbuild = (format, ...more) => [
  "esbuild",
  "main.mjs",
  "--bundle",
  "--platform=node",
  `--format=${format}`,
  ...more,
];

export default {
  name: "Node, bundled",
  quick: ["esbuild, cjs"],
  ways: {
    "esbuild, esm": bundled(esbuild("esm", "--outfile=out/main.mjs"), "main.mjs"),
    "esbuild, esm with splitting": bundled(
      esbuild("esm", "--splitting", "--outdir=out", "--out-extension:.js=.mjs"),
      "main.mjs",
    ),
    "esbuild, cjs": bundled(esbuild("cjs", "--outfile=out/main.cjs"), "main.cjs"),
    "esbuild, cjs, minified": bundled(esbuild("cjs", "--minify", "--outfile=out/main.cjs"), "main.cjs"),
    Rolldown: bundled(["rolldown", "main.mjs", "--platform", "node", "--dir", "out"], "main.js"),
    "tsup, esm": bundled(["tsup"], "main.js"),
    "tsup, cjs": bundled(["tsup"], "main.cjs"),
    ncc: bundled(["ncc", "build", "main.mjs", "--out", "out"], "index.mjs"),
    tsx: ({ exec }) => exec(["tsx", "main.ts"]),
    "worker threads": ({ exec }) => exec(["node", "threads.mjs"]),
  },
};
