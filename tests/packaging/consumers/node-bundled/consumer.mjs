import { copyFileSync } from "node:fs";
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

const webpack = (...more) => [
  "webpack",
  "./main.mjs",
  "--mode=production",
  "--target=node22",
  "--output-path=out",
  ...more,
];

// The fuse is the same in every Node: its documentation names it.
const FUSE = "NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2";

async function singleExecutable(kit) {
  await kit.exec(esbuild("cjs", "--outfile=out/main.cjs"));
  await kit.exec(["node", "--experimental-sea-config", "sea.json"]);
  const node = await kit.exec(["node", "-p", "process.execPath"]);
  const program = join(kit.project, "out/program");
  copyFileSync(node, program);
  await kit.exec(["postject", program, "NODE_SEA_BLOB", "out/program.blob", "--sentinel-fuse", FUSE]);
  return kit.exec([join(takeElsewhere(kit, "out"), "program")]);
}

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
    "webpack, cjs": bundled(webpack("--output-filename=main.cjs"), "main.cjs"),
    "webpack, esm": bundled(webpack("--output-filename=main.mjs", "--output-module"), "main.mjs"),
    tsx: ({ exec }) => exec(["tsx", "main.ts"]),
    "a single executable": singleExecutable,
  },
};
