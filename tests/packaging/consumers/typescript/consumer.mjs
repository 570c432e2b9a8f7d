import { readFileSync } from "node:fs";
import { join } from "node:path";

const strict = { strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, skipLibCheck: false };

// Compiled and run: what the types promise has to be there. No DOM library: a server's project has none.
const compiled =
  (compiler, options, { source = "main.ts", output = "dist/main.js", type = "commonjs" } = {}) =>
  async ({ project, exec, write }) => {
    const manifest = JSON.parse(readFileSync(join(project, "package.json"), "utf8"));
    write("package.json", JSON.stringify({ ...manifest, type }));
    const common = { target: "es2022", lib: ["es2024"], types: ["node"], rootDir: ".", outDir: "dist", ...strict };
    write("tsconfig.json", JSON.stringify({ compilerOptions: { ...common, ...options }, files: [source] }));
    await exec(["node", `node_modules/${compiler}/bin/tsc`, "--project", "tsconfig.json"]);
    await exec(["cp", "check.mjs", "dist/"]);
    return exec(["node", output]);
  };

const nodenext = { module: "nodenext" };
const bundler = { module: "esnext", moduleResolution: "bundler" };

export default {
  name: "TypeScript",
  ways: {
    "5.9, node10": compiled("typescript", { module: "commonjs", moduleResolution: "node10" }),
    "5.9, node16": compiled("typescript", { module: "node16" }, { type: "module" }),
    "5.9, node16, .cts by import()": compiled(
      "typescript",
      { module: "node16" },
      { source: "main.cts", output: "dist/main.cjs" },
    ),
    "5.9, nodenext": compiled("typescript", nodenext, { type: "module" }),
    "5.9, nodenext, CommonJS": compiled("typescript", nodenext),
    "5.9, bundler": compiled("typescript", bundler, { type: "module" }),
    "7, nodenext": compiled("typescript-7", nodenext, { type: "module" }),
    "7, nodenext, CommonJS": compiled("typescript-7", nodenext),
    "7, bundler": compiled("typescript-7", bundler, { type: "module" }),
    "7, bundler, the DOM's library": compiled(
      "typescript-7",
      { ...bundler, lib: ["es2024", "dom"], types: [] },
      { type: "module" },
    ),
  },
};
