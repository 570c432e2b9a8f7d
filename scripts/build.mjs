// Builds the npm package into pkg/: the module, its glue, and the JavaScript half from npm/.
// What a page needs of it goes into www/arcgate/ too, for the playground.
//
//   npm run build            does nothing when nothing that goes into it has changed
//   npm run build -- --force

import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { inputsHash, outputsHash } from "./build/hash.mjs";
import { buildManifest, missingFiles } from "./build/manifest.mjs";
import { publishForPages } from "./build/page.mjs";
import { locked, root } from "./setup/cache.mjs";
import { must } from "./setup/processes.mjs";
import { buildEnvironment, target } from "./setup/rust.mjs";
import { main, step } from "./setup/steps.mjs";
import { setup } from "./setup.mjs";

// What Rust's wasm32 target uses of WebAssembly; every runtime that this package supports has it.
const optimization = [
  "-O3",
  "--enable-bulk-memory",
  "--enable-nontrapping-float-to-int",
  "--enable-sign-ext",
  "--enable-mutable-globals",
  "--enable-reference-types",
  "--enable-multivalue",
];

const work = join(root, "target/npm");
const pkg = join(root, "pkg");
const stamp = join(work, "stamp");

/** Brings pkg/ up to date. */
export async function build({ force = false } = {}) {
  console.log("Build");
  await step("pkg/", "the npm package, one WebAssembly module and its loaders", (say) =>
    locked(async () => {
      const outcome = await update(force, say);
      publishForPages(pkg, join(root, "www/arcgate"));
      return outcome;
    }),
  );
  const missing = missingFiles(pkg);
  if (missing.length) console.log(`  not there yet, but named in pkg.json: ${missing.join(", ")}`);
}

async function update(force, say) {
  const inputs = inputsHash();
  const built = existsSync(stamp) && readFileSync(stamp, "utf8");
  if (!force && existsSync(pkg) && built === `${inputs} ${outputsHash(pkg)}`) return "already there";
  const env = await buildEnvironment();
  say("cargo build");
  await must("cargo", ["build", "--release", "--lib", "--target", target], {
    cwd: root,
    env,
    label: "cargo build",
    onLine: say,
    whole: true,
  });
  const next = join(work, "pkg");
  rmSync(next, { recursive: true, force: true });
  mkdirSync(next, { recursive: true });
  await glue(next, env, say);
  if (existsSync(join(root, "npm"))) cpSync(join(root, "npm"), next, { recursive: true });
  for (const file of ["README.md", "LICENSE-APACHE", "LICENSE-MIT", "CHANGELOG.md"]) {
    if (existsSync(join(root, file))) cpSync(join(root, file), join(next, file));
  }
  writeFileSync(join(next, "package.json"), buildManifest());
  rmSync(pkg, { recursive: true, force: true });
  renameSync(next, pkg);
  writeFileSync(stamp, `${inputs} ${outputsHash(pkg)}`);
  return "ok";
}

// core.js and core.wasm: what wasm-bindgen and wasm-opt make of the crate.
async function glue(folder, env, say) {
  say("wasm-bindgen");
  const bound = join(work, "glue");
  rmSync(bound, { recursive: true, force: true });
  // The loaders name core.wasm, so the glue needn't: a second name would make bundlers ship a second copy.
  // The reset function gives a fresh instance after a trap.
  const flags = [
    "--target=web",
    "--out-name=core",
    `--out-dir=${bound}`,
    "--no-typescript",
    "--omit-default-module-path",
    "--experimental-reset-state-function",
    "--encode-into=always",
    "--remove-producers-section",
  ];
  await must(
    "wasm-bindgen",
    [...flags, join(process.env.CARGO_TARGET_DIR ?? join(root, "target"), target, "release/arcgate.wasm")],
    { env },
  );
  say("wasm-opt");
  const optimize = [...optimization, join(bound, "core_bg.wasm"), "-o", join(folder, "core.wasm")];
  await must("wasm-opt", optimize, { env });
  cpSync(join(bound, "core.js"), join(folder, "core.js"));
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
    for (const file of ["core.wasm", "core.js"]) {
      const { plain, gzip, brotli } = sizes(file);
      console.log(`  pkg/${file}: ${plain} bytes, gzip ${gzip}, brotli ${brotli}`);
    }
  });
}
