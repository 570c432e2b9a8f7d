// The package's subpaths as their users get them: what each loads, and what it leaves out.

import assert from "node:assert/strict";
import { cpSync, statSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { build } from "esbuild";
import { build as buildByVite } from "vite";
import { startBrowser } from "../browser/webdriver.mjs";
import { servePages } from "../lib/browser.mjs";
import { project, run, write } from "../lib/packed.mjs";

const provider = '{ issuer: "https://issuer.example", audience: "a" }';
const verifier = `await JwtVerifier.create({ providers: { p: ${provider} } });`;
const manager = 'await TokenManager.create({ type: "static", token: "own" });';
const size = (module) => statSync(join(project, `node_modules/arcgate/${module}.wasm`)).size;

describe("in Node", () => {
  // How large the modules are that a program compiles.
  const compiledBy = async (program) => {
    write(
      "compiled.mjs",
      `const sizes = [];
      WebAssembly.Module = class extends WebAssembly.Module {
        constructor(bytes) {
          super(bytes);
          sizes.push(bytes.length);
        }
      };
      ${program.replaceAll(/^import (.*) from (.*);$/gm, "const $1 = await import($2);")}
      console.log(JSON.stringify(sizes));`,
    );
    const { stdout } = await run(process.execPath, ["compiled.mjs"], { cwd: project });
    return JSON.parse(stdout);
  };
  const worker = `createWorker({ verifier: own, agents: {} });`;

  for (const [what, program, ...modules] of [
    ["a verifier of the root", `import { JwtVerifier } from "arcgate";\n${verifier}`, "wasm/verify-edge"],
    ["a verifier of arcgate/verify", `import { JwtVerifier } from "arcgate/verify";\n${verifier}`, "wasm/verify-edge"],
    ["a manager of the root", `import { TokenManager } from "arcgate";\n${manager}`, "wasm/client"],
    ["a manager of arcgate/client", `import { TokenManager } from "arcgate/client";\n${manager}`, "wasm/client"],
    ["nothing but the import", 'import { JwtVerifier } from "arcgate";\nJwtVerifier;'],
    [
      "a verifier beside arcgate/worker",
      `import { JwtVerifier } from "arcgate";
import { createWorker } from "arcgate/worker";
const own = ${verifier} ${worker}`,
      "core",
    ],
    [
      "arcgate/worker before a verifier of arcgate/verify and a manager",
      `import { createWorker } from "arcgate/worker";
import { JwtVerifier } from "arcgate/verify";
import { TokenManager } from "arcgate/client";
const own = ${verifier} ${worker} ${manager}`,
      "core",
    ],
  ]) {
    test(`${what}: ${modules.join(" and ") || "no module"}`, async () => {
      assert.deepEqual(await compiledBy(program), modules.map(size));
    });
  }

  test("each knows the errors of the others", async () => {
    write(
      "errors.mjs",
      `const [root, ...parts] = await Promise.all(
        ["arcgate", "arcgate/verify", "arcgate/client"].map((name) => import(name)));
      const worker = await import("arcgate/worker");
      const error = await root.JwtVerifier.create({ providers: {} }).catch((error) => error);
      const own = await parts[1].TokenManager.create({ type: "none" }).catch((error) => error);
      let made;
      try { worker.createWorker({}); } catch (error) { made = error; }
      console.log(JSON.stringify([root, ...parts].flatMap(({ ArcgateError }) =>
        [error, own, made].map((one) => one instanceof ArcgateError))));`,
    );
    const { stdout } = await run(process.execPath, ["errors.mjs"], { cwd: project });
    assert.deepEqual(JSON.parse(stdout), Array(9).fill(true));
  });

  test("and through require()", { skip: !process.features.require_module }, async () => {
    write(
      "errors.cjs",
      `const { JwtVerifier } = require("arcgate");
      const { ArcgateError } = require("arcgate/verify");
      const { TokenManager } = require("arcgate/client");
      (async () => {
        const { ArcgateError: imported } = await import("arcgate");
        const error = await JwtVerifier.create({ providers: {} }).catch((error) => error);
        ${manager}
        console.log(error instanceof ArcgateError && error instanceof imported);
      })();`,
    );
    const { stdout } = await run(process.execPath, ["errors.cjs"], { cwd: project });
    assert.equal(stdout, "true\n");
  });

  test("a module may be given by its name in the package, once", async () => {
    write(
      "given.mjs",
      `import { JwtVerifier, ready } from "arcgate/verify";
      await ready({ module: import.meta.resolve("arcgate/verify.wasm") });
      ${verifier}
      const error = await ready({ module: new URL("other.wasm", import.meta.url) }).catch((error) => error);
      console.log(error.code);`,
    );
    const { stdout } = await run(process.execPath, ["given.mjs"], { cwd: project });
    assert.equal(stdout, "ERR_CONFIG\n");
  });
});

/** What a bundle of this program is made of. */
async function bundled(program, options) {
  const { metafile } = await build({
    stdin: { contents: program, resolveDir: project },
    bundle: true,
    format: "esm",
    outdir: join(project, "bundle"),
    write: false,
    metafile: true,
    logLevel: "error",
    ...options,
  });
  return metafile.outputs;
}

describe("a Worker's bundle has", () => {
  const conditions = { conditions: ["workerd"], platform: "neutral", external: ["*.wasm"] };
  for (const [what, program, ...modules] of [
    ["with arcgate/verify", 'export { JwtVerifier } from "arcgate/verify";', "verify-edge"],
    ["with arcgate/client", 'export { TokenManager } from "arcgate/client";', "client", "verify-edge"],
    ["with the root", 'export { JwtVerifier } from "arcgate";', "core"],
    [
      "with the root and arcgate/worker",
      'export { JwtVerifier } from "arcgate";\nexport { createWorker } from "arcgate/worker";',
      "core",
    ],
  ]) {
    test(`${what} ${modules.join(" and ")} alone`, async () => {
      const [{ imports }] = Object.values(await bundled(program, conditions));
      const names = imports.map(({ path }) => path.match(/([\w-]+)\.wasm$/)?.[1]).filter(Boolean);
      assert.deepEqual([...new Set(names)].sort(), modules);
    });
  }
});

// Where no file is a module there is no `import.meta.url`.
describe("a bundle that is no ES module", () => {
  const bundle = async (what, program, options) => {
    const outfile = join(project, "old.cjs");
    await build({
      stdin: { contents: program, resolveDir: project },
      bundle: true,
      outfile,
      external: ["node:fs", ...(options.external ?? [])],
      logOverride: { "empty-import-meta": "silent" },
      ...(what === "for pages" ? { format: "iife" } : { format: "cjs", platform: "node" }),
    });
    const { stdout, stderr } = await run(process.execPath, [outfile], { cwd: project });
    assert.equal(stderr, "");
    return stdout;
  };

  for (const what of ["for pages", "for Node"]) {
    test(`${what} works with the bytes inside`, async () => {
      const program = `import { JwtVerifier } from "arcgate/verify";
        import { TokenManager } from "arcgate";
        (async () => { ${verifier} ${manager} console.log("made"); })();`;
      assert.equal(await bundle(what, program, {}), "made\n");
    });

    test(`${what}, without the bytes, says what it lacks, and works with modules that are given`, async () => {
      const program = `import { readFileSync } from "node:fs";
        import { ArcgateError, JwtVerifier, ready } from "arcgate";
        import { JwtVerifier as Own } from "arcgate/verify";
        import { TokenManager } from "arcgate/client";
        (async () => {
          const of = (name) => readFileSync("node_modules/arcgate/wasm/" + name + ".wasm");
          const error = await Own.create({ providers: { p: ${provider} } }).catch((error) => error);
          console.log(error instanceof ArcgateError, error.code, error.retryable, error.details.reason);
          await ready({ verify: of("verify"), client: of("client") });
          ${verifier} ${manager}
          console.log("made");
        })();`;
      const said = await bundle(what, program, { external: ["*.bytes.js"] });
      assert.equal(said, "true ERR_CONFIG false bundled-away\nmade\n");
    });
  }
});

describe("a bundle in one file, as Vite makes it of a Web Worker, has what it imports", () => {
  for (const [what, verifying, managing] of [
    ["from the root", "arcgate", "arcgate"],
    ["from the subpaths", "arcgate/verify", "arcgate/client"],
  ]) {
    test(what, async () => {
      write(
        "whole/main.js",
        `import { JwtVerifier } from "${verifying}";
        import { ready, TokenManager } from "${managing}";
        const [verify, client] = ["verify", "client"].map((name) => globalThis.modules(name));
        ready({ verify, ${managing === "arcgate" ? "client" : "module: client"} }).then(async () => {
          ${verifier} ${manager}
          console.log("made");
        });`,
      );
      const lib = { entry: join(project, "whole/main.js"), formats: ["iife"], name: "whole", fileName: "whole" };
      const options = { root: join(project, "whole"), configFile: false, logLevel: "error" };
      const [{ output }] = [await buildByVite({ ...options, build: { lib, write: false } })].flat();
      const modules =
        'globalThis.modules = (name) => require("node:fs").readFileSync("node_modules/arcgate/wasm/" + name + ".wasm");';
      write("whole.cjs", modules + output[0].code);
      const { stdout } = await run(process.execPath, ["whole.cjs"], { cwd: project });
      assert.equal(stdout, "made\n");
    });
  }
});

describe("a page's bundle with a TokenManager alone has no verifier in its first chunk", () => {
  const isVerifier = (file) =>
    /\/verify\/(?!webcrypto|numbers)|wasm\/verify|\/jws/.test(file.replace("platform/modules/", ""));
  const without = (files) => {
    assert.ok(files.some((file) => file.endsWith("token/manager.js")));
    assert.deepEqual(files.filter(isVerifier), []);
  };

  test("by esbuild, from arcgate/client", async () => {
    const outputs = await bundled('export { TokenManager } from "arcgate/client";', { splitting: true });
    const chunks = new Set(Object.keys(outputs).filter((name) => outputs[name].entryPoint === "<stdin>"));
    for (const name of chunks)
      for (const { path, kind } of outputs[name].imports) if (kind === "import-statement") chunks.add(path);
    without([...chunks].flatMap((name) => Object.keys(outputs[name].inputs)));
  });

  for (const from of ["arcgate", "arcgate/client"]) {
    test(`by Vite, from ${from}`, async () => {
      write("first/index.html", '<!doctype html><title>t</title><script type="module" src="./main.js"></script>');
      write("first/main.js", `import { TokenManager } from "${from}";\nglobalThis.made = TokenManager;`);
      const options = { root: join(project, "first"), configFile: false, logLevel: "error", build: { write: false } };
      const { output } = await buildByVite(options);
      const first = output.find(({ isEntry }) => isEntry);
      const chunks = [first, ...output.filter(({ fileName }) => first.imports.includes(fileName))];
      without(chunks.flatMap(({ moduleIds }) => moduleIds));
    });
  }
});

describe("a page", () => {
  let browser;
  let pages;
  before(async () => {
    browser = await startBrowser("chromium");
    cpSync(join(project, "node_modules/arcgate"), join(project, "page/arcgate"), { recursive: true });
    cpSync(join(project, "node_modules/arcgate/wasm/verify.wasm"), join(project, "page/elsewhere.wasm"));
    write("page/index.html", "<!doctype html><title>t</title>");
    pages = await servePages({ "/": join(project, "page") }, { headers: { "cache-control": "no-store" } });
  });
  after(async () => {
    await browser?.close();
    await pages?.close();
  });
  // The modules and the glue that a page asks for when it runs this program.
  const asks = async (entry, program) => {
    await browser.open(`${pages.url}/`);
    pages.asked.length = 0;
    await browser.run(`
      const { JwtVerifier, TokenManager, ready } = await import("/arcgate/${entry}.web.js");
      ${program}`);
    const modules = pages.asked.filter((path) => /\/wasm\/|\.wasm$/.test(path));
    return modules.map((path) => path.replace("/arcgate/wasm/", "")).sort();
  };

  test("with a manager of the root asks for nothing of the verifier", async () => {
    assert.deepEqual(await asks("entry", manager), ["client.js", "client.wasm"]);
  });

  test("with a verifier of the root asks for nothing of the client", async () => {
    assert.deepEqual(await asks("entry", verifier), ["verify.js", "verify.wasm"]);
  });

  test("with arcgate/client asks for its own alone", async () => {
    assert.deepEqual(await asks("client", manager), ["client.js", "client.wasm"]);
  });

  test("that imports and makes nothing asks for no module", async () => {
    assert.deepEqual(await asks("entry", ""), []);
  });

  test("gets a module from where it says", async () => {
    const program = `await ready({ verify: "/elsewhere.wasm" }); ${verifier}`;
    assert.deepEqual(await asks("entry", program), ["/elsewhere.wasm", "verify.js"]);
  });
});
