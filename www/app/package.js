// The package, as it is published: loaded as plain files, timed and measured.

import { $ } from "./dom.js";
import { ms } from "./jwt.js";
import { Problem } from "./problem.js";

/** Loads "arcgate", or a part of it, with the WebAssembly that it needs. Says how long that took. */
export async function loadPackage(name) {
  const began = performance.now();
  let arcgate;
  try {
    arcgate = await import(name);
    await arcgate.ready();
  } catch {
    throw new Problem(
      "The package isn’t there",
      "npm run build makes it; npm start does that by itself. Then reload this page.",
    );
  }
  $("ready").textContent = ms(performance.now() - began);
  $("version").textContent = arcgate.version;
  measure();
  return arcgate;
}

// What came over the wire of WebAssembly, and how much it is unpacked.
function measure() {
  const modules = performance
    .getEntriesByType("resource")
    .filter(({ name }) => new URL(name).pathname.endsWith(".wasm"));
  const sum = (key) => modules.reduce((total, module) => total + module[key], 0);
  $("size").textContent = `${modules.length}, ${Math.round(sum("decodedBodySize") / 1000)} kB`;
}
