// What a page loads, by what it imports, beside what it loads of others.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../scripts/setup/cache.mjs";
import { imports, moduleSize, sizeOf, sizes, split, sum } from "./size.mjs";

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
    rows.push(row(name, [moduleSize(from), scripts(names, join(root, `pkg/${from}.web.js`)).atOnce]));
  }
  // Which is fetched when somebody logs in, where it isn't there already.
  const { later } = scripts(["TokenManager"], join(root, "pkg/client.web.js"));
  rows.push(row("a login with TokenManager, besides", [moduleSize("verify"), later]));
  for (const [name, { from, names }] of Object.entries(peers)) rows.push(row(name, [scripts(names, from).atOnce]));
  const versions = Object.values(peers).map(({ from }) => `${from} ${versionOf(from)}`);
  return [
    "**Size** of all that a page loads, by what it imports (kB)",
    "",
    "| | plain | gzip | brotli |",
    "|---|---|---|---|",
    ...rows,
    "",
    `A page with TokenManager fetches what verifies an ID token when somebody logs in, unless it is there already. Of jose \`jwtVerify\` and \`createRemoteJWKSet\`, of the others their client class. Versions: ${versions.join(", ")}.`,
  ].join("\n");
}

function row(name, parts) {
  const kilo = (what) => (parts.reduce((sum, part) => sum + part[what], 0) / 1000).toFixed(1);
  return `| ${name} | ${kilo("plain")} | ${kilo("gzip")} | ${kilo("brotli")} |`;
}

// The JavaScript that is loaded at once, and what is imported later.
function scripts(names, from) {
  const { outputFiles, metafile } = split({
    stdin: { contents: `export { ${names.join(", ")} } from ${JSON.stringify(from)};`, resolveDir: root },
  });
  const { outputs } = metafile;
  const reached = (found, name, isFollowed) => {
    if (found.has(name)) return found;
    found.add(name);
    for (const { path, kind } of outputs[name].imports) if (isFollowed(kind, path)) reached(found, path, isFollowed);
    return found;
  };
  const entry = Object.keys(outputs).find((name) => outputs[name].entryPoint === "<stdin>");
  const atOnce = reached(new Set(), entry, (kind) => kind === "import-statement");
  // But for the bytes inside, which only those load who don't find a module in its place.
  const isSpare = (name) => /\.bytes\.js$/.test(outputs[name]?.entryPoint ?? "");
  const all = reached(new Set(), entry, (_kind, path) => !isSpare(path));
  const later = [...all].filter((name) => !atOnce.has(name));
  const size = (chunks) =>
    sum(chunks.map((name) => sizeOf(outputFiles.find(({ path }) => path.endsWith(`/${name}`)).contents)));
  return { atOnce: size([...atOnce]), later: later.length ? size(later) : undefined };
}

const versionOf = (name) => JSON.parse(readFileSync(join(root, "node_modules", name, "package.json"), "utf8")).version;
