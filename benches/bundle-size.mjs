// What a page loads that imports one class of each part, and what becomes of it in one file: the numbers of docs/bundlers.md.

import { buildSync } from "esbuild";
import { root } from "../scripts/setup/cache.mjs";
import { moduleSize, sizeOf, split, sum } from "./size.mjs";

/** What is imported from where. */
const imports = {
  "arcgate/verify": { entry: "verify", names: ["JwtVerifier"] },
  "arcgate/client": { entry: "client", names: ["TokenManager"] },
  arcgate: { entry: "entry", names: ["JwtVerifier", "TokenManager"] },
};

/** By import: the script without the bytes of the modules, and all of it in one file, as it is and compressed. */
export const bundles = () =>
  Object.fromEntries(
    Object.entries(imports).map(([name, { entry, names }]) => {
      const stdin = { contents: `export { ${names.join(", ")} } from "./pkg/${entry}.web.js";`, resolveDir: root };
      const oneFile = (external) => {
        const { outputFiles } = buildSync({
          ...{ stdin, external, bundle: true, minify: true, format: "esm", write: false, logLevel: "error" },
        });
        return sizeOf(outputFiles[0].contents);
      };
      return [name, { script: oneFile(["*.bytes.js"]), inside: oneFile([]) }];
    }),
  );

/** The modules, and the chunks that have their bytes inside, compressed. */
export function modules() {
  const of = (name) => {
    const { outputFiles } = split({ entryPoints: [`${root}/pkg/wasm/${name}.bytes.js`] });
    return { module: moduleSize(name).brotli, bytes: sum(outputFiles.map(({ contents }) => sizeOf(contents))).brotli };
  };
  return { verify: of("verify"), client: of("client") };
}
