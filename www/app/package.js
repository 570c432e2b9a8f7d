// The arcgate package, as it is published: loaded as plain files, timed and measured.

import { $ } from "./dom.js";
import { ms } from "./jwt.js";
import { Problem } from "./problem.js";

const folder = "../arcgate/";

/** Loads one part of the package, "verify" or "client", and says how large and how quick its module is. */
export async function loadPackage(part) {
  const began = performance.now();
  let arcgate;
  try {
    arcgate = await import(`${folder}${part}.web.js`);
    await arcgate.ready();
  } catch {
    throw new Problem(
      "The package isn’t there",
      "npm run build makes it; npm start does that by itself. Then reload this page.",
    );
  }
  $("ready").textContent = ms(performance.now() - began);
  $("version").textContent = arcgate.version;
  // Of no importance to the steps, so nothing waits for it.
  measure(part).catch(() => {
    $("size").textContent = "unknown";
  });
  return arcgate;
}

async function measure(part) {
  const response = await fetch(new URL(`${folder}wasm/${part}.wasm`, import.meta.url), { cache: "force-cache" });
  const bytes = await response.blob();
  const packed = await new Response(bytes.stream().pipeThrough(new CompressionStream("gzip"))).blob();
  const kilo = (size) => `${Math.round(size / 1000)} kB`;
  $("size").textContent = `${kilo(bytes.size)}, ${kilo(packed.size)} gzipped`;
}
