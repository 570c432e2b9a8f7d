// The documents: what they show can be pasted, and what they point to is there.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const markdown = (folder, recursive = false) =>
  readdirSync(join(root, folder), { recursive })
    .filter((name) => name.endsWith(".md"))
    .map((name) => join(folder, name));
const documents = [...markdown("."), ...markdown("docs", true), "examples/README.md"];

// Editors show the examples in these.
const declarations = readdirSync(join(root, "pkg"), { recursive: true })
  .filter((name) => name.endsWith(".d.ts"))
  .map((name) => join("pkg", name));

// What a snippet leaves to its reader, or to the snippet before it.
const given = `
import type * as arcgate from "arcgate";
import type * as worker from "arcgate/worker";
declare global {
  const TokenManager: typeof arcgate.TokenManager;
  const verifier: arcgate.JwtVerifier;
  const source: arcgate.TokenSource;
  const summarise: worker.Agent;
  const app: worker.ArcgateWorker;
  const auth0: { getAccessTokenSilently(): Promise<string> };
  const getAccessTokenSilently: (options: object) => Promise<string>;
  const show: (...what: unknown[]) => void;
  const token: string;
  const key: CryptoKey;
  const issuer: string;
  const before: number;
  const env: any;
}
`;
// What else they import.
const modules = readFileSync(new URL("../lib/snippet-modules.d.ts", import.meta.url), "utf8");

test("each snippet of JavaScript in the documents and the declarations fits the types", () => {
  const folder = mkdtempSync(join(tmpdir(), "arcgate-snippets-"));
  try {
    const counts = { documents: 0, declarations: 0 };
    for (const name of [...documents, ...declarations]) {
      const isDeclaration = name.endsWith(".d.ts");
      const whole = readFileSync(join(root, name), "utf8");
      const text = isDeclaration ? whole.replaceAll(/^ *\* ?/gm, "") : whole;
      for (const { 1: code, index } of text.matchAll(/```js\n([\s\S]*?)```/g)) {
        const line = text.slice(0, index).split("\n").length;
        // As CommonJS, which refuses what the default target of most tools does: to wait at the top level.
        // In TypeScript, a Worker says what is bound.
        const typed = code.replaceAll("(env) =>", "(env: any) =>");
        writeFileSync(join(folder, `${name.replaceAll(/[/.]/g, "_")}_${line}.cts`), `${typed}\nexport {};\n`);
        counts[isDeclaration ? "declarations" : "documents"] += 1;
      }
    }
    assert.ok(counts.documents > 15 && counts.declarations >= 9, "they have snippets");
    writeFileSync(join(folder, "given.d.cts"), given);
    writeFileSync(join(folder, "modules.d.ts"), modules);
    const compilerOptions = {
      strict: true,
      // They are JavaScript: what is caught, and the parameters of functions, have no types.
      useUnknownInCatchVariables: false,
      noImplicitAny: false,
      noEmit: true,
      module: "nodenext",
      target: "es2022",
      lib: ["esnext", "dom", "dom.iterable"],
      types: [],
      paths: Object.fromEntries(
        ["index", "verify", "client", "worker", "hono", "express", "fastify"].map((name) => [
          name === "index" ? "arcgate" : `arcgate/${name}`,
          [join(root, `pkg/${name}.d.ts`)],
        ]),
      ),
    };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["*.cts", "*.d.ts"] }));
    const { stdout, status, error } = spawnSync(join(root, "node_modules/.bin/tsc"), ["--project", folder], {
      encoding: "utf8",
    });
    assert.equal(error, undefined);
    assert.equal(status, 0, stdout);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

// As GitHub makes them.
const anchors = (text) =>
  [...text.matchAll(/^#+ (.*)$/gm)].map(([, title]) =>
    title
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );

test("each link between the documents leads somewhere", () => {
  for (const name of documents) {
    const text = readFileSync(join(root, name), "utf8").replaceAll(/```[\s\S]*?```/g, "");
    for (const [, target] of text.matchAll(/\]\((?!https?:)([^)\s]*)\)/g)) {
      const [path, anchor] = target.split("#");
      const file = path ? resolve(root, dirname(name), path) : join(root, name);
      const isThere = () => (anchor === undefined ? readFileOrFolder(file) : readFileSync(file, "utf8"));
      assert.doesNotThrow(isThere, `${name}: ${target}`);
      if (anchor !== undefined) assert.ok(anchors(isThere()).includes(anchor), `${name}: ${target}`);
    }
  }
});

function readFileOrFolder(path) {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (error.code === "EISDIR") return readdirSync(path).join("\n");
    throw error;
  }
}
