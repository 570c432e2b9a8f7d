// What a page loads, by what it imports, beside what it loads of others.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { buildSync } from "esbuild";
import { root } from "../scripts/setup/cache.mjs";
import { imports, sizes } from "./size.mjs";

// Some of a part alone: its JavaScript is less, its module is not.
const some = {
  "arcgate/client: TokenManager": { from: "client", names: ["TokenManager"] },
  "arcgate/client: ArcpClient": { from: "client", names: ["ArcpClient"] },
  "arcgate/client: ArcClient": { from: "client", names: ["ArcClient"] },
};

const peers = {
  jose: { from: "jose", names: ["createRemoteJWKSet", "jwtVerify"] },
  "oidc-client-ts": { from: "oidc-client-ts", names: ["UserManager"] },
  "auth0-spa-js": { from: "@auth0/auth0-spa-js", names: ["Auth0Client"] },
};

/** The table, in kB: the module, its glue, and the JavaScript half bundled and minified. */
export function pageSizes() {
  const rows = [];
  for (const name of Object.keys(imports)) {
    const { module, script } = sizes(name);
    rows.push(row(name, [module, script]));
  }
  for (const [name, { from, names }] of Object.entries(some)) {
    const module = readFileSync(join(root, `pkg/wasm/${from}.wasm`));
    rows.push(row(name, [sizeOf(module), sizeOf(bundled(names, join(root, `pkg/${from}.web.js`)))]));
  }
  for (const [name, { from, names }] of Object.entries(peers)) rows.push(row(name, [sizeOf(bundled(names, from))]));
  const versions = Object.values(peers).map(({ from }) => `${from} ${versionOf(from)}`);
  return [
    "**Size** of all that a page loads, by what it imports (kB)",
    "",
    "| | plain | gzip | brotli |",
    "|---|---|---|---|",
    ...rows,
    "",
    `Of jose \`jwtVerify\` and \`createRemoteJWKSet\`, of the others their client class. Versions: ${versions.join(", ")}.`,
  ].join("\n");
}

const sizeOf = (bytes) => ({
  plain: bytes.length,
  gzip: gzipSync(bytes, { level: 9 }).length,
  brotli: brotliCompressSync(bytes).length,
});

function row(name, parts) {
  const kilo = (what) => (parts.reduce((sum, part) => sum + part[what], 0) / 1000).toFixed(1);
  return `| ${name} | ${kilo("plain")} | ${kilo("gzip")} | ${kilo("brotli")} |`;
}

function bundled(names, from) {
  const { outputFiles, metafile } = buildSync({
    stdin: { contents: `export { ${names.join(", ")} } from ${JSON.stringify(from)};`, resolveDir: root },
    bundle: true,
    splitting: true,
    minify: true,
    format: "esm",
    outdir: join(root, "target/size"),
    write: false,
    metafile: true,
    logLevel: "error",
  });
  const { outputs } = metafile;
  const found = new Set();
  const add = (name) => {
    if (found.has(name)) return;
    found.add(name);
    for (const { path, kind } of outputs[name].imports) if (kind === "import-statement") add(path);
  };
  // What is imported at once: the verifier, which a login needs, is loaded then.
  add(Object.keys(outputs).find((name) => outputs[name].entryPoint === "<stdin>"));
  const files = outputFiles.filter(({ path }) => [...found].some((name) => path.endsWith(name)));
  return Buffer.concat(files.map(({ contents }) => Buffer.from(contents)));
}

const versionOf = (name) => JSON.parse(readFileSync(join(root, "node_modules", name, "package.json"), "utf8")).version;
