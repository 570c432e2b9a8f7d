// The arcgate package, as it is published: loaded as plain files, timed and measured.

import { $ } from "./dom.js";
import { ms } from "./jwt.js";
import { Problem } from "./problem.js";

const folder = "../arcgate/";

/** Loads the package and says how large and how quick it is. */
export async function loadPackage() {
  const began = performance.now();
  let arcgate;
  try {
    arcgate = await import(`${folder}entry.web.js`);
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
  measure().catch(() => {
    $("size").textContent = "unknown";
  });
  return arcgate;
}

async function measure() {
  const response = await fetch(new URL(`${folder}page.wasm`, import.meta.url), { cache: "force-cache" });
  const bytes = await response.blob();
  const packed = await new Response(bytes.stream().pipeThrough(new CompressionStream("gzip"))).blob();
  const kilo = (size) => `${Math.round(size / 1000)} kB`;
  $("size").textContent = `${kilo(bytes.size)}, ${kilo(packed.size)} gzipped`;
}
