// What is there for programs in Rust costs the package's users nothing: the modules are to the byte what they would be without it.

import assert from "node:assert/strict";
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { cached, root } from "../../scripts/setup/cache.mjs";
import { must } from "../../scripts/setup/processes.mjs";
import { buildEnvironment, target } from "../../scripts/setup/rust.mjs";
import { rustFolder } from "../lib/rust-consumer.mjs";

// By default as quickly as it can be told; ARCGATE_PROFILES=page,release before it: as the package is built.
const profiles = (process.env.ARCGATE_PROFILES ?? "quick").split(",");
const surfaces = { quick: ["gate"], page: ["verify", "client"], release: ["verify", "gate"] };

const features = ["web", "serde", "serde-wasm-bindgen", "jwt-compact", "tower"];
const folders = ["driver", "native", "platform", "platform.rs", "tower", "web"];

/** The manifest as it would be if nobody had thought of programs in Rust. */
function without(manifest) {
  const isOurs = (name, value) => features.includes(name) || /optional = true/.test(value);
  const kept = new Set(["console_error_panic_hook", "js-sys", "sha2", "wasm-bindgen"]);
  // A key with its value, over as many lines as that has; then what is for tests, which are not copied.
  return manifest
    .replaceAll(/^([\w-]+) = (\{[^}]*\}|\[[^\]]*\])\n/gm, (all, name, value) =>
      isOurs(name, value) && !kept.has(name) ? "" : all,
    )
    .replaceAll(/^\[(target\..*\.)?dev-dependencies\]\n(?:(?!\[).*\n)*/gm, "")
    .replaceAll(/^\[\[test\]\]\n(?:(?!\[).*\n)*/gm, "");
}

function copyOf(name, change) {
  const place = rustFolder(name);
  for (const name of ["src", ".cargo", "Cargo.toml", "Cargo.lock", "rust-toolchain.toml"])
    cpSync(join(root, name), join(place, name), { recursive: true });
  const manifest = join(place, "Cargo.toml");
  writeFileSync(manifest, change(place, readFileSync(manifest, "utf8")));
  return place;
}

const withAll = () =>
  copyOf("bytes-with", (_, manifest) => manifest.replaceAll(/^\[\[test\]\]\n(?:(?!\[).*\n)*/gm, ""));
const withNone = () =>
  copyOf("bytes-without", (place, manifest) => {
    for (const name of folders) rmSync(join(place, "src", name), { recursive: true, force: true });
    return without(manifest);
  });

async function moduleOf(place, profile, surface) {
  const targets = cached("rust-bytes", "1");
  const env = { ...(await buildEnvironment()), CARGO_TARGET_DIR: targets, CARGO_INCREMENTAL: "0" };
  for (const name of ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_RUSTFLAGS"]) env[name] = undefined;
  const chosen = ["--profile", profile, "--no-default-features", "--features", `npm,${surface}`];
  const args = ["rustc", "--lib", "--crate-type", "cdylib", "--target", target, ...chosen];
  await must("cargo", args, { cwd: place, env, whole: true });
  const out = join(place, "glue");
  const wasm = join(targets, target, profile, "arcgate.wasm");
  await must("wasm-bindgen", ["--target=web", "--out-name=module", `--out-dir=${out}`, wasm], { env });
  return Object.fromEntries(readdirSync(out).map((name) => [name, readFileSync(join(out, name))]));
}

for (const profile of profiles) {
  for (const surface of surfaces[profile]) {
    test(`${surface}, ${profile}: the same bytes with and without it`, { timeout: 1_200_000 }, async () => {
      const places = [withAll(), withNone()];
      try {
        const [all, none] = [await moduleOf(places[0], profile, surface), await moduleOf(places[1], profile, surface)];
        assert.deepEqual(Object.keys(all), Object.keys(none));
        assert.ok(all["module_bg.wasm"].length > 100_000);
        for (const [name, bytes] of Object.entries(all))
          assert.ok(bytes.equals(none[name]), `${name}: ${bytes.length} bytes, ${none[name].length} without it`);
      } finally {
        for (const place of places) rmSync(place, { recursive: true, force: true });
      }
    });
  }
}

test("what is taken out is what is there", () => {
  const place = withNone();
  try {
    const manifest = readFileSync(join(place, "Cargo.toml"), "utf8");
    for (const name of ["web-sys", "serde", "getrandom", "tower", "jwt-compact"])
      assert.doesNotMatch(manifest, new RegExp(`^${name} =`, "m"));
    assert.match(manifest, /^npm = .*js-sys/m);
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
});
