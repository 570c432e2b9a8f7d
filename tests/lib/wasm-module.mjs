// Modules of WebAssembly that say which they are, as the package's do, and loaders that do nothing: for tests of loading.

import { version } from "../../pkg/entry.node.js";
import { WasmModule } from "../../pkg/platform/wasm.js";

/** The bytes of a module with nothing in it. */
export const empty = new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);

const text = (text) => [text.length, ...new TextEncoder().encode(text)];

/** The bytes of one that says of itself that it is this. */
export function saying(what) {
  const section = [...text("arcgate"), ...text(what).slice(1)];
  return new Uint8Array([...empty, 0, section.length, ...section]);
}

/** The bytes of the module `own`, of this version. */
export const one = saying(`own ${version}`);

export const place = (name) => new URL(`https://own.example/${name}.wasm`);

/** An origin whose glue does nothing, and that says what was read, or compiled before; what `broken` has is not there. */
export function origin(entry, source, { broken = new Set() } = {}) {
  const loaded = [];
  const memory = { memory: new WebAssembly.Memory({ initial: 1 }) };
  const glue = {
    default: async () => memory,
    initSync() {
      loaded.push("at once");
      return memory;
    },
    who: () => entry,
  };
  const read = async (from) => {
    if (broken.has(String(from))) throw new TypeError("fetch failed");
    loaded.push(String(from));
    return one;
  };
  return { entry, glue, source: source instanceof URL ? () => source : source, read, loaded };
}

/** A module to which these are bound. */
export function bound(...origins) {
  const module = new WasmModule("own");
  for (const one of origins) module.bind(one);
  return module;
}
