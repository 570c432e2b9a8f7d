// One module of the package: compiled, its glue written, optimised. It is kept in a folder of its own under target/npm, with the
// hash of all that went into it, and made anew when that has changed.

import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { root } from "../setup/cache.mjs";
import { must } from "../setup/processes.mjs";
import { target } from "../setup/rust.mjs";
import { Stop } from "../setup/steps.mjs";
import { moduleHash } from "./hash.mjs";
import { withOwnLoader } from "./loader.mjs";
import { ownStd } from "./own-std.mjs";

// What Rust's wasm32 target uses of WebAssembly; every runtime that this package supports has it.
const features = [
  "--enable-bulk-memory",
  "--enable-nontrapping-float-to-int",
  "--enable-sign-ext",
  "--enable-mutable-globals",
  "--enable-reference-types",
  "--enable-multivalue",
];

// In a module's folder: what it was made of, the module as wasm-bindgen wrote it, and optimised. npm/tsconfig.json finds the
// declarations there, at the places that they have in pkg/.
const keyOf = (folder) => join(folder, "key");
const boundOf = (folder, { surface }) => join(folder, "wasm", `${surface}_bg.wasm`);
const glueOf = (folder, { surface }) => join(folder, "wasm", `${surface}.js`);
const optimisedOf = (folder) => join(folder, "optimised.wasm");
const libraryOf = (folder) => join(folder, "library");

/** Where a module is in the package. */
export const fileOf = ({ name, file }) => file ?? `wasm/${name}.wasm`;

/** Whether the module in this folder has a standard library of its own, as it should where it is downloaded. */
export const hasOwnStd = (folder) => readFileSync(libraryOf(folder), "utf8") === "own";

/** Gives the folder of a module, made if need be. It comes to its place whole: whoever is stopped leaves the old one. */
export async function buildModule(module, { isQuick, canOwn, force, work, env, say }) {
  const folder = join(work, module.name);
  const { stdout: compiler } = await must("rustc", ["-vV"], { env, cwd: root });
  const key = moduleHash(JSON.stringify([module, isQuick, canOwn, compiler, process.env.RUSTFLAGS]));
  if (!force && existsSync(keyOf(folder)) && readFileSync(keyOf(folder), "utf8") === key) return folder;
  const next = `${folder}.next`;
  rmSync(next, { recursive: true, force: true });
  mkdirSync(next);
  const compiled = await compile(module, { isQuick, canOwn, env, say });
  await bind(module, compiled, join(next, "wasm"), env, say);
  await optimise(module, next, { isQuick, env, say });
  sign(module, optimisedOf(next));
  writeFileSync(libraryOf(next), canOwn && module.std ? "own" : "the compiler's");
  writeFileSync(keyOf(next), key);
  rmSync(folder, { recursive: true, force: true });
  renameSync(next, folder);
  return folder;
}

// Says in the module itself which it is, in a custom section: npm/platform/compile.ts refuses any other before it is linked.
function sign({ surface }, file) {
  const lengthened = (bytes) => [bytes.length, ...bytes];
  const { version } = JSON.parse(readFileSync(join(root, "pkg.json"), "utf8"));
  const [name, says] = ["arcgate", `${surface} ${version}`].map((text) => [...new TextEncoder().encode(text)]);
  // Both are short: a length is one byte.
  appendFileSync(file, Uint8Array.of(0, ...lengthened([...lengthened(name), ...says])));
}

/**
 * Puts a module into the package, with its glue. The one glue of two modules must be the same to the byte: names of imports are
 * made of the crate, not of its profile, and this is where it would show if they were not.
 */
export function placeModule(module, folder, pkg) {
  const wasm = join(pkg, "wasm");
  mkdirSync(wasm, { recursive: true });
  cpSync(optimisedOf(folder), join(pkg, fileOf(module)));
  if (module.hasBytes) writeFileSync(join(wasm, `${module.name}.bytes.js`), asScript(optimisedOf(folder)));
  const text = withOwnLoader(readFileSync(glueOf(folder, module), "utf8"));
  const script = join(wasm, `${module.surface}.js`);
  if (existsSync(script) && readFileSync(script, "utf8") !== text)
    throw new Stop(`wasm-bindgen writes another ${module.surface}.js for ${module.name}: one glue can't serve both`);
  writeFileSync(script, text);
}

// The module as a script, for bundles that have no file beside them (docs/decisions/0007-bytes-inside.md).
const asScript = (file) => `export default "${gzipSync(readFileSync(file), { level: 9 }).toString("base64")}";\n`;

// Gives the path of what cargo made: the next of the same profile goes to the same place. As a `cdylib` alone, the compiler
// looks no further than what the surface calls.
async function compile({ name, surface, profile, std, flags = [] }, { isQuick, canOwn, env, say }) {
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

async function bind(module, compiled, folder, env, say) {
  say(`wasm-bindgen, ${module.name}`);
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

async function optimise(module, folder, { isQuick, env, say }) {
  const [from, to] = [boundOf(folder, module), optimisedOf(folder)];
  if (isQuick) return cpSync(from, to);
  say(`wasm-opt, ${module.name}`);
  await must("wasm-opt", [...module.optimize, ...features, from, "-o", to], { env });
}
