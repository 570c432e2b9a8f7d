// What the module's bytes are: code by crate, and data. Read from the module before wasm-opt, which still has names.
//
//   node scripts/build/size.mjs verify [how many functions to list [whose names match this]]     after `npm run build`
//
// `verify`, `verify-edge`, `client` or `gate`.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../setup/cache.mjs";

const [module = "verify", many = "20", pattern = ""] = process.argv.slice(2);
const glue = module.replace(/-.*/, "");
const bytes = readFileSync(join(root, "target/npm", module, "wasm", `${glue}_bg.wasm`));
let at = 8;

function leb() {
  let value = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++];
    value += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) return value;
  }
}

function text() {
  const length = leb();
  at += length;
  return bytes.toString("utf8", at - length, at);
}

const names = new Map();
const sizes = [];
const sections = [];
let imported = 0;

const readers = {
  0: (end) => {
    if (text() !== "name") return;
    while (at < end) {
      const kind = bytes[at++];
      const length = leb();
      const next = at + length;
      if (kind === 1) for (let left = leb(); left > 0; left--) names.set(leb(), text());
      at = next;
    }
  },
  2: () => {
    for (let left = leb(); left > 0; left--) {
      text();
      text();
      if (bytes[at++] === 0) {
        imported++;
        leb();
      } else throw new Error("only functions are expected to be imported");
    }
  },
  10: () => {
    for (let left = leb(); left > 0; left--) {
      const length = leb();
      sizes.push(length);
      at += length;
    }
  },
};

const kinds = [
  "custom",
  "type",
  "import",
  "function",
  "table",
  "memory",
  "global",
  "export",
  "start",
  "element",
  "code",
  "data",
];
while (at < bytes.length) {
  const kind = bytes[at++];
  const length = leb();
  const end = at + length;
  sections.push([kinds[kind] ?? String(kind), length]);
  readers[kind]?.(end);
  at = end;
}

// "<a::B as c::D>::e" is crate a's; core and alloc are what std needs, and generic code of theirs.
const crateOf = (name) => name.match(/^[<&*[(]*(?:dyn |mut )?([a-z_]\w*)(?:\[\w+\])?::/)?.[1] ?? "(other)";

const functions = sizes.map((size, index) => ({ size, name: names.get(index + imported) ?? "(no name)" }));
const crates = new Map();
for (const { size, name } of functions) crates.set(crateOf(name), (crates.get(crateOf(name)) ?? 0) + size);

const line = (size, name) => console.log(`${String(size).padStart(8)}  ${name}`);
console.log("sections");
for (const [name, size] of sections) line(size, name);
console.log("code by crate");
for (const [name, size] of [...crates].sort((a, b) => b[1] - a[1])) line(size, name);
console.log("largest functions");
const shown = functions.filter(({ name }) => new RegExp(pattern).test(name));
for (const { size, name } of shown.sort((a, b) => b.size - a.size).slice(0, Number(many))) line(size, name);
const sum = (of) => of.reduce((total, { size }) => total + size, 0);
if (pattern) console.log(`${sum(shown)} of ${sum(functions)} bytes of code match`);
