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
import { canBuildStd, ownStd } from "./build/own-std.mjs";
import { publishForPages } from "./build/page.mjs";
import { locked, root } from "./setup/cache.mjs";
import { must } from "./setup/processes.mjs";
import { buildEnvironment, target } from "./setup/rust.mjs";
import { main, Stop, step } from "./setup/steps.mjs";
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
  { name: "verify", surface: "verify", ...small },
  { name: "verify-edge", surface: "verify", ...edge },
  { name: "client", surface: "client", ...small },
  { name: "gate", surface: "gate", ...fast },
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
    const compiled = await compile(module, canOwn, env, say);
    await bind(module, compiled, env, say);
    await place(module, next, env, say);
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

// Gives the path of what cargo made: the next of the same profile goes to the same place. As a `cdylib` alone, the compiler
// looks no further than what the surface calls.
async function compile({ name, surface, profile, std, flags = [] }, canOwn, env, say) {
  const label = `cargo, ${name}`;
  const used = isQuick ? "quick" : profile;
  say(label);
  const own = canOwn && std ? ownStd(std) : { options: [], flags: [], env: {} };
  const features = ["--no-default-features", "--features", `npm,${surface}`];
  const options = [
    ...own.options,
    "--lib",
    "--crate-type",
    "cdylib",
    "--target",
    target,
    "--profile",
    used,
    ...features,
  ];
  // These stand in the place of .cargo/config.toml's.
  const encoded = { CARGO_ENCODED_RUSTFLAGS: [...own.flags, ...flags].join("\x1f") };
  await must("cargo", ["rustc", ...options], {
    cwd: root,
    env: { ...env, ...own.env, ...(std && encoded) },
    label,
    onLine: say,
    whole: true,
  });
  const targets = process.env.CARGO_TARGET_DIR ?? join(root, "target");
  return join(targets, target, used, "arcgate.wasm");
}

// Where wasm-bindgen writes: npm/tsconfig.json finds the declarations there, at the places that they have in pkg/.
const boundFolder = ({ name }) => join(work, name, "wasm");

async function bind(module, compiled, env, say) {
  say(`wasm-bindgen, ${module.name}`);
  const folder = boundFolder(module);
  rmSync(folder, { recursive: true, force: true });
  // The loaders name the module, so the glue needn't: a second name would make bundlers ship a second copy.
  // The reset function gives a fresh instance after a trap.
  const flags = [
    "--target=web",
    `--out-name=${module.surface}`,
    `--out-dir=${folder}`,
    "--omit-default-module-path",
    "--experimental-reset-state-function",
    "--encode-into=always",
    "--remove-producers-section",
  ];
  await must("wasm-bindgen", [...flags, compiled], { env });
}

// The module, optimised, and its glue. The one glue of two modules must be the same to the byte: names of imports are made of
// the crate, not of its profile, and this is where it would show if they were not.
async function place(module, pkg, env, say) {
  const folder = join(pkg, "wasm");
  mkdirSync(folder, { recursive: true });
  const [glue, bound] = [module.surface, boundFolder(module)];
  const [from, to] = [join(bound, `${glue}_bg.wasm`), join(folder, `${module.name}.wasm`)];
  if (isQuick) cpSync(from, to);
  else {
    say(`wasm-opt, ${module.name}`);
    await must("wasm-opt", [...module.optimize, ...features, from, "-o", to], { env });
  }
  const text = readFileSync(join(bound, `${glue}.js`), "utf8");
  const script = join(folder, `${glue}.js`);
  if (existsSync(script) && readFileSync(script, "utf8") !== text)
    throw new Stop(`wasm-bindgen writes another ${glue}.js for ${module.name}: one glue can't serve both any more`);
  writeFileSync(script, text);
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
    const files = modules.flatMap(({ name, surface }) => [`wasm/${name}.wasm`, `wasm/${surface}.js`]);
    for (const file of new Set(files)) {
      const { plain, gzip, brotli } = sizes(file);
      console.log(`  pkg/${file}: ${plain} bytes, gzip ${gzip}, brotli ${brotli}`);
    }
  });
}
