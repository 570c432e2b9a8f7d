// The crate, by rustdoc. Its warnings are errors: a link that leads nowhere is one.

import { cpSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../setup/cache.mjs";
import { must } from "../setup/processes.mjs";

const made = join(root, "target/doc");
// What programs in Rust use, as far as it is there on this machine's own target: without values of JavaScript's.
const features = "web,serde,jwt-compact,tower";

/** Writes the pages into `out`. */
export async function makeCrate(out) {
  // What was made of an older source would stay.
  rmSync(made, { recursive: true, force: true });
  const env = { RUSTDOCFLAGS: "-D warnings" };
  await must("cargo", ["doc", "--no-deps", "--quiet", "--lib", "--features", features], {
    cwd: root,
    env,
    whole: true,
  });
  cpSync(made, out, { recursive: true });
  // Its pages about itself lead here.
  writeFileSync(
    join(out, "index.html"),
    '<!doctype html><meta http-equiv="refresh" content="0; url=arcgate/index.html">\n',
  );
}
