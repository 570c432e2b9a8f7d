// Builds the npm package into pkg/: the module, its glue, and the JavaScript half from npm/.
// What a page needs of it goes into www/arcgate/ too, for the playground.
//
//   npm run build            does nothing when nothing that goes into it has changed, and compiles no module of which nothing has
//   npm run build -- --force
//   ARCGATE_QUICK=1 npm run build      for daily work: compiled in seconds, slower and larger; never for a release

import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { emitDeclarations } from "./build/declarations.mjs";
import { inputsHash, outputsHash } from "./build/hash.mjs";
import { compileJavaScript } from "./build/javascript.mjs";
import { buildManifest, missingFiles } from "./build/manifest.mjs";
import { buildModule, fileOf, placeModule } from "./build/module.mjs";
import { canBuildStd } from "./build/own-std.mjs";
import { publishForPages } from "./build/page.mjs";
import { repositoryOf, withRepositoryLinks } from "./build/repository-links.mjs";
import { locked, root } from "./setup/cache.mjs";
import { buildEnvironment } from "./setup/rust.mjs";
import { main, step } from "./setup/steps.mjs";
import { setup } from "./setup.mjs";

// A module for each job (docs/decisions/0005-size.md). What is only downloaded is built to be small, what stands at the edge to
// be fast; the verifier is both, and both have one glue.
// Half the stack that the compiler gives by itself is ample for texts that nest as little as ours may, and addresses of constants
// are a byte shorter then.
const stack = "-Clink-arg=-zstack-size=524288";
const small = {
  profile: "page",
  optimize: ["-Oz", "--converge", "--reorder-functions", "--dealign"],
  std: ["optimize_for_size"],
  flags: [stack],
};
const fast = { profile: "release", optimize: ["-O3"] };
// Inlined a tenth as eagerly as level 3 does: .cargo/config.toml has it for everybody else.
const edge = { ...fast, std: [], flags: ["-Cllvm-args=-inline-threshold=25", stack] };
const modules = [
  { name: "verify", surface: "verify", hasBytes: true, ...small },
  { name: "verify-edge", surface: "verify", ...edge },
  { name: "client", surface: "client", hasBytes: true, ...small },
  // Under the name that it has had from the beginning: Workers' bundles, and what lists their modules, have it.
  { name: "gate", surface: "gate", file: "core.wasm", ...fast },
];

// Without optimization, for whoever changes a line and wants to see it run.
const isQuick = process.env.ARCGATE_QUICK === "1";
const work = join(root, "target/npm");
const pkg = join(root, "pkg");
const stamp = join(work, "stamp");

/** Brings pkg/ up to date. */
export async function build({ force = false } = {}) {
  console.log("Build");
  await step("pkg/", "the npm package: a module for each job, and their loaders", (say) =>
    locked(async () => {
      const outcome = await update(force, say);
      publishForPages(pkg, join(root, "www/arcgate"));
      return outcome;
    }, work),
  );
  const missing = missingFiles(pkg);
  if (missing.length) console.log(`  not there yet, but named in pkg.json: ${missing.join(", ")}`);
}

async function update(force, say) {
  const inputs = `${inputsHash()}${isQuick ? " quick" : ""}`;
  const built = existsSync(stamp) && readFileSync(stamp, "utf8");
  if (!force && existsSync(pkg) && built === `${inputs} ${outputsHash(pkg)}`) return "already there";
  const env = await buildEnvironment();
  const next = join(work, "pkg");
  rmSync(next, { recursive: true, force: true });
  mkdirSync(next, { recursive: true });
  const canOwn = !isQuick && (await canBuildStd(env));
  for (const module of modules) {
    const folder = await buildModule(module, { isQuick, canOwn, force, work, env, say });
    placeModule(module, folder, next);
  }
  await compileJavaScript(next, say);
  await emitDeclarations(next, say);
  for (const file of ["LICENSE-APACHE", "LICENSE-MIT", "CHANGELOG.md"]) {
    if (existsSync(join(root, file))) cpSync(join(root, file), join(next, file));
  }
  const manifest = buildManifest();
  const readme = readFileSync(join(root, "README.md"), "utf8");
  // The documents are not in the package.
  writeFileSync(join(next, "README.md"), withRepositoryLinks(readme, "README.md", repositoryOf(JSON.parse(manifest))));
  writeFileSync(join(next, "package.json"), manifest);
  rmSync(pkg, { recursive: true, force: true });
  renameSync(next, pkg);
  writeFileSync(stamp, `${inputs} ${outputsHash(pkg)}`);
  return isQuick || canOwn ? "ok" : "ok, but larger: without rust-src modules have the compiler's standard library";
}

/** The size of one file of pkg/, plain and compressed. */
export function sizes(file) {
  const path = join(pkg, file);
  const bytes = readFileSync(path);
  return {
    plain: statSync(path).size,
    gzip: gzipSync(bytes, { level: 9 }).length,
    brotli: brotliCompressSync(bytes).length,
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await main(async () => {
    await setup(["npm", "wasm"]);
    await build({ force: process.argv.includes("--force") });
    const files = modules.flatMap((module) => [fileOf(module), `wasm/${module.surface}.js`]);
    for (const file of new Set(files)) {
      const { plain, gzip, brotli } = sizes(file);
      console.log(`  pkg/${file}: ${plain} bytes, gzip ${gzip}, brotli ${brotli}`);
    }
  });
}
