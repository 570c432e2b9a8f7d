// Builds the npm package into pkg/: the module, its glue, and the JavaScript half from npm/.
// What a page needs of it goes into www/arcgate/ too, for the playground.
//
//   npm run build            does nothing when nothing that goes into it has changed
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
import { publishForPages } from "./build/page.mjs";
import { locked, root } from "./setup/cache.mjs";
import { must } from "./setup/processes.mjs";
import { buildEnvironment, target } from "./setup/rust.mjs";
import { main, step } from "./setup/steps.mjs";
import { setup } from "./setup.mjs";

// What Rust's wasm32 target uses of WebAssembly; every runtime that this package supports has it.
const features = [
  "--enable-bulk-memory",
  "--enable-nontrapping-float-to-int",
  "--enable-sign-ext",
  "--enable-mutable-globals",
  "--enable-reference-types",
  "--enable-multivalue",
];

// The whole of it, for the edge and for Node; and what a page needs, built to be small.
const modules = [
  { name: "core", profile: "release", features: ["--features", "npm"], optimize: ["-O3"] },
  {
    name: "page",
    profile: "page",
    features: ["--no-default-features", "--features", "npm"],
    optimize: ["-Oz", "--converge"],
  },
];

// Without optimization, for whoever changes a line and wants to see it run.
const isQuick = process.env.ARCGATE_QUICK === "1";
const work = join(root, "target/npm");
const pkg = join(root, "pkg");
const stamp = join(work, "stamp");

/** Brings pkg/ up to date. */
export async function build({ force = false } = {}) {
  console.log("Build");
  await step("pkg/", "the npm package: the modules for the edge and for pages, and their loaders", (say) =>
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
  for (const module of modules) {
    await compile(module, env, say);
    await glue(module, next, env, say);
  }
  await compileJavaScript(next, say);
  await emitDeclarations(next, say);
  for (const file of ["README.md", "LICENSE-APACHE", "LICENSE-MIT", "CHANGELOG.md"]) {
    if (existsSync(join(root, file))) cpSync(join(root, file), join(next, file));
  }
  writeFileSync(join(next, "package.json"), buildManifest());
  rmSync(pkg, { recursive: true, force: true });
  renameSync(next, pkg);
  writeFileSync(stamp, `${inputs} ${outputsHash(pkg)}`);
  return "ok";
}

async function compile({ name, profile, features }, env, say) {
  const label = `cargo build, ${name}`;
  const options = ["--profile", isQuick ? "quick" : profile, ...features];
  say(label);
  await must("cargo", ["build", "--lib", "--target", target, ...options], {
    cwd: root,
    env,
    label,
    onLine: say,
    whole: true,
  });
}

// What wasm-bindgen and wasm-opt make of the crate: core.js and core.wasm, page.js and page.wasm.
async function glue({ name, profile, optimize }, folder, env, say) {
  say(`wasm-bindgen, ${name}`);
  const bound = join(work, name);
  rmSync(bound, { recursive: true, force: true });
  // The loaders name the module, so the glue needn't: a second name would make bundlers ship a second copy.
  // The reset function gives a fresh instance after a trap.
  const flags = [
    "--target=web",
    `--out-name=${name}`,
    `--out-dir=${bound}`,
    "--omit-default-module-path",
    "--experimental-reset-state-function",
    "--encode-into=always",
    "--remove-producers-section",
  ];
  const targets = process.env.CARGO_TARGET_DIR ?? join(root, "target");
  const compiled = join(targets, target, isQuick ? "quick" : profile, "arcgate.wasm");
  await must("wasm-bindgen", [...flags, compiled], { env });
  const [from, to] = [join(bound, `${name}_bg.wasm`), join(folder, `${name}.wasm`)];
  if (isQuick) cpSync(from, to);
  else {
    say(`wasm-opt, ${name}`);
    await must("wasm-opt", [...optimize, ...features, from, "-o", to], { env });
  }
  cpSync(join(bound, `${name}.js`), join(folder, `${name}.js`));
  if (existsSync(join(bound, "snippets")))
    cpSync(join(bound, "snippets"), join(folder, "snippets"), { recursive: true });
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
    for (const file of modules.flatMap(({ name }) => [`${name}.wasm`, `${name}.js`])) {
      const { plain, gzip, brotli } = sizes(file);
      console.log(`  pkg/${file}: ${plain} bytes, gzip ${gzip}, brotli ${brotli}`);
    }
  });
}
