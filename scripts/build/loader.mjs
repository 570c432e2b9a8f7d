// The loader in a module's glue. wasm-bindgen's own fetches, compiles and falls back in several ways; the package does all of that
// before it calls (npm/platform/instance.ts), for each glue alike, and hands over what is compiled. So a page needn't load it.

import { Stop } from "../setup/steps.mjs";

const beginning = "async function __wbg_load(module, imports) {";
const end = "export { initSync, __wbg_init as default };\n";

// What both do at their end is still wasm-bindgen's.
const ours = `function initSync(from) {
    if (wasm !== undefined) return wasm;
    return __wbg_finalize_init(new WebAssembly.Instance(from.module, __wbg_get_imports()), from.module);
}

async function __wbg_init({ module_or_path: module }) {
    if (wasm !== undefined) return wasm;
    return __wbg_finalize_init(await WebAssembly.instantiate(module, __wbg_get_imports()), module);
}

`;

/** The glue, with a loader for what is compiled. Fails where wasm-bindgen writes another than this was written for. */
export function withOwnLoader(glue) {
  const from = glue.indexOf(beginning);
  const isKnown = from > 0 && glue.endsWith(end) && glue.includes("function __wbg_finalize_init(instance, module) {");
  if (!isKnown) throw new Stop("wasm-bindgen writes another loader than scripts/build/loader.mjs knows");
  return glue.slice(0, from) + ours + end;
}
