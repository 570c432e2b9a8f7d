// arcgate/inline as its users get it, and the files at the package's root for those who read no `exports`.

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { build } from "esbuild";
import { build as buildByVite } from "vite";
import { project, run, write } from "../lib/packed.mjs";

const program = (from) => `import { JwtVerifier, TokenManager } from "${from}";
  (async () => {
    await JwtVerifier.create({ providers: { p: { issuer: "https://issuer.example", audience: "a" } } });
    await TokenManager.create({ type: "static", token: "own" });
    console.log("made");
  })();`;

const options = { bundle: true, write: false, metafile: true, logLevel: "silent" };
const bundled = (from, more) => build({ ...options, stdin: { contents: program(from), resolveDir: project }, ...more });
const manifest = () => JSON.parse(readFileSync(join(project, "node_modules/arcgate/package.json"), "utf8"));

/** Runs a text as a program that has no file beside it and can't fetch. */
async function says(code, extension) {
  const file = `alone-${Math.random()}.${extension}`;
  const without = "globalThis.fetch = () => { throw new Error('nothing is fetched'); };";
  write(file, `${without}\n${code}`);
  const { stdout, stderr } = await run(process.execPath, [file], { cwd: project });
  assert.equal(stderr, "");
  return stdout;
}

describe("arcgate/inline", () => {
  test("is one file, by esbuild, in each form", async () => {
    for (const [format, extension] of [
      ["esm", "mjs"],
      ["iife", "cjs"],
    ]) {
      const { outputFiles } = await bundled("arcgate/inline", { format });
      assert.equal(outputFiles.length, 1);
      assert.ok(!/import\.meta|new URL\("[^"]*\.wasm/.test(outputFiles[0].text), "it has no place to ask for");
      assert.equal(await says(outputFiles[0].text, extension), "made\n");
    }
  });

  test("is one file, by Vite, and nothing in it is imported later", async () => {
    write("inline/main.js", program("arcgate/inline"));
    const lib = { entry: join(project, "inline/main.js"), formats: ["es"], fileName: "inline" };
    const how = { root: join(project, "inline"), configFile: false, logLevel: "error" };
    const [{ output }] = [await buildByVite({ ...how, build: { lib, write: false } })].flat();
    assert.deepEqual(
      output.filter(({ isEntry }) => !isEntry).map(({ moduleIds }) => moduleIds),
      [],
    );
    assert.equal(await says(output[0].code, "mjs"), "made\n");
  });

  test("runs without a bundler", async () => assert.equal(await says(program("arcgate/inline"), "mjs"), "made\n"));

  for (const condition of ["workerd", "edge-light"]) {
    test(`is refused for ${condition}, by a file's name`, async () => {
      const { errors } = await bundled("arcgate/inline", { format: "esm", conditions: [condition] }).catch((e) => e);
      assert.match(errors.map(({ text }) => text).join("\n"), /arcgate\/inline\.not-in-workers\.js.*JwtVerifier/);
      await assert.rejects(import(join(project, "node_modules/arcgate/inline.not-in-workers.js")), /import `arcgate`/);
    });
  }
});

test("an edge runtime's bundle has its modules by import alone, and no text that its builders refuse", async () => {
  for (const from of ["arcgate", "arcgate/verify", "arcgate/client"]) {
    const contents = `import * as own from "${from}";\nglobalThis.own = own;`;
    const { outputFiles, metafile } = await build({
      ...options,
      stdin: { contents, resolveDir: project },
      format: "esm",
      conditions: ["edge-light"],
      external: ["*.wasm?module"],
    });
    const [{ imports }] = Object.values(metafile.outputs);
    assert.ok(imports.length > 0 && imports.every(({ path }) => /^\.\/wasm\/[\w-]+\.wasm\?module$/.test(path)), from);
    assert.ok(!/WebAssembly\.compile\(|\beval\(|new Function\(/.test(outputFiles[0].text), from);
  }
});

describe("who reads no `exports`", () => {
  for (const name of ["index", "verify", "client", "inline"]) {
    test(`comes to ${name}.js, which works by itself`, async () => {
      const own = join(project, `node_modules/arcgate/${name}.js`);
      assert.ok(existsSync(own.replace(/js$/, "d.ts")));
      const all = await import(own);
      await all.JwtVerifier?.create({ providers: { p: { issuer: "https://issuer.example", audience: "a" } } });
      await all.TokenManager?.create({ type: "static", token: "own" });
    });
  }

  test("finds the root by main, module and types", () => {
    const { main, module, types } = manifest();
    assert.deepEqual([main, module, types], ["./index.js", "./index.js", "./index.d.ts"]);
  });
});
