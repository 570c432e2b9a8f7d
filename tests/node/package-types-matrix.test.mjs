// The package's types, as the compilers of its users see them: two versions of TypeScript, Node's types of three versions, the
// Workers' types, the DOM's and none at all, each way of finding a module, and CommonJS.

import { cpSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { root } from "../../scripts/setup/cache.mjs";
import { installed } from "../lib/installed.mjs";
import { project, run } from "../lib/packed.mjs";

const sockets = { "@types/ws": "8.18.2", ws: "8.23.0", undici: "8.13.1" };
const packages = {
  "node 20": { "@types/node": "20.19.43", ...sockets },
  "node 22": { "@types/node": "22.20.5", ...sockets },
  "node 24": { "@types/node": "24.19.2", ...sockets },
  frameworks: {
    "@types/node": "22.20.5",
    "@types/express": "5.0.6",
    express: "5.3.0",
    fastify: "5.12.8",
    hono: "4.13.19",
  },
  workers: { "@cloudflare/workers-types": "5.20261117.1" },
  nothing: {},
};
const installations = {};
for (const [types, dependencies] of Object.entries(packages))
  installations[types] = await installed("types", dependencies);
const compilers = {
  "TypeScript 5.9": join(await installed("typescript", { typescript: "5.9.3" }), "node_modules/typescript/bin/tsc"),
  "TypeScript 7": join(root, "node_modules/typescript/bin/tsc"),
};

const strict = { exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, verbatimModuleSyntax: true };
const cases = [
  // The resolution of old projects, which reads no `exports`.
  {
    types: "node 20",
    module: "commonjs",
    resolution: "node10",
    files: ["node.ts", "bare.ts"],
    esModuleInterop: true,
    only: "TypeScript 5.9",
  },
  { types: "node 22", module: "node16", resolution: "node16", files: ["node.ts"], ...strict },
  { types: "node 24", module: "nodenext", resolution: "nodenext", files: ["node.ts", "checked.mjs"], ...strict },
  { types: "node 24", module: "esnext", resolution: "bundler", lib: "dom", files: ["node.ts", "bare.ts"], ...strict },
  { types: "frameworks", module: "nodenext", resolution: "nodenext", files: ["frameworks.ts"], ...strict },
  { types: "frameworks", module: "preserve", resolution: "bundler", files: ["frameworks.ts"], only: "TypeScript 7" },
  { types: "workers", module: "esnext", resolution: "bundler", files: ["worker.ts"], ...strict },
  { types: "nothing", module: "esnext", resolution: "bundler", files: ["bare.ts"], ...strict },
  // CommonJS has no exports under `verbatimModuleSyntax`.
  {
    types: "nothing",
    module: "nodenext",
    resolution: "nodenext",
    lib: "dom",
    files: ["bare.ts", "imported.cts", "required.cts"],
    isolatedModules: true,
  },
];

describe("the types compile", { concurrency: 2 }, () => {
  for (const { types, module, resolution, lib, files, only, ...others } of cases) {
    const where = `${module}, ${resolution}, types of ${types}${lib ? ` and ${lib}` : ""}`;
    for (const [name, compiler] of Object.entries(compilers).filter(([name]) => only === undefined || name === only)) {
      test(`${name}: ${where}`, async () => {
        const folder = userProject(`${name} ${where}`.replaceAll(/\W+/g, "-"), installations[types]);
        for (const file of files) cpSync(join(root, "tests/types/users", file), join(folder, file));
        const compilerOptions = {
          strict: true,
          noEmit: true,
          skipLibCheck: false,
          allowJs: true,
          checkJs: true,
          target: "es2022",
          lib: ["es2022", ...(lib ? [lib] : [])],
          types: /^(?:node|frameworks)/.test(types)
            ? ["node"]
            : types === "workers"
              ? ["@cloudflare/workers-types"]
              : [],
          module,
          moduleResolution: resolution,
          ...others,
        };
        writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, files }));
        await run(process.execPath, [compiler, "--project", "tsconfig.json"], { cwd: folder }).catch(said);
      });
    }
  }
});

// A project with the packed package and these packages, as npm would have installed them there.
function userProject(name, installation) {
  const folder = join(project, name);
  const modules = join(folder, "node_modules");
  mkdirSync(modules, { recursive: true });
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "users", private: true, type: "module" }));
  cpSync(join(project, "node_modules/arcgate"), join(modules, "arcgate"), { recursive: true });
  const theirs = join(installation, "node_modules");
  for (const each of readdirSync(theirs).filter((each) => !each.startsWith(".")))
    symlinkSync(join(theirs, each), join(modules, each));
  return folder;
}

// A compiler that was not content, with what it said.
function said({ message, stdout, stderr }) {
  throw new Error(`${message}\n${stdout}\n${stderr}`);
}
