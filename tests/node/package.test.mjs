// The package as its users get it: packed by npm, installed into an empty project, and used there in Node, in workerd and in
// a page, with and without a bundler.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, readdirSync, readFileSync, realpathSync } from "node:fs";
import { delimiter, join, relative } from "node:path";
import { after, before, describe, test } from "node:test";
import { build } from "vite";
import { root } from "../../scripts/setup/cache.mjs";
import { startBrowser } from "../browser/webdriver.mjs";
import { servePages } from "../lib/browser.mjs";
import { startConformingRuntime } from "../lib/conforming-runtime/start.mjs";
import { bin, project, run, tarball, write } from "../lib/packed.mjs";
import { startWrangler } from "../lib/worker.mjs";

const manifest = JSON.parse(readFileSync(join(root, "pkg.json"), "utf8"));
const { now, issuer, audience, algorithms } = JSON.parse(
  readFileSync(join(root, "tests/vectors/algorithms.json"), "utf8"),
);

const { key, token } = algorithms.find(({ alg }) => alg === "ES256");

// What each runtime does with the package; `arcgate` is in scope.
const use = `
  const { JwtVerifier, verifyJws, version } = arcgate;
  const provider = ${JSON.stringify({ issuer, audience, jwks: { keys: [key] } })};
  const verifier = await JwtVerifier.create({ providers: { provider }, now: () => ${now * 1000} });
  const { principal } = await verifier.verify(${JSON.stringify(token)});
  const { header } = await verifyJws(${JSON.stringify(token)}, provider.jwks, { algorithms: ["ES256"] });
  const forged = await verifier.verify(${JSON.stringify(`${token.slice(0, -4)}AAAA`)}).catch(({ code }) => code);`;

const gives = "{ id: principal.id, alg: header.alg, forged, version }";
const expected = { id: "user-1", alg: "ES256", forged: "ERR_TOKEN_SIGNATURE", version: manifest.version };

test("holds what its manifest names, its modules, and nothing of the development", () => {
  const installed = join(project, "node_modules/arcgate");
  const entries = readdirSync(installed, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(installed, join(entry.parentPath, entry.name)));
  const named = (entry) => (typeof entry === "string" ? [entry] : Object.values(entry).flatMap(named));
  for (const file of named(manifest.exports))
    assert.ok(existsSync(join(installed, file)), `${file} is named and not there`);
  assert.deepEqual(files.filter((file) => file.endsWith(".wasm")).sort(), [
    "core.wasm",
    ...["client", "verify-edge", "verify"].map((name) => `wasm/${name}.wasm`),
  ]);
  const foreign = files.filter(
    (file) => !/\.(js|d\.ts|wasm)$|^(package\.json|README\.md|CHANGELOG\.md|LICENSE-(APACHE|MIT))$/.test(file),
  );
  assert.deepEqual(foreign, []);
  for (const file of ["README.md", "LICENSE-APACHE", "LICENSE-MIT"]) assert.ok(files.includes(file), file);
  assert.equal(JSON.parse(readFileSync(join(installed, "package.json"), "utf8")).dependencies, undefined);
  assert.ok(!existsSync(join(project, "node_modules", "wasm-bindgen")));
});

test("is installed beside whichever version of a framework is there", async () => {
  const others = { fastify: "4.28.1", express: "3.21.2", hono: "3.12.12", workerd: "1.20250101.0" };
  const dependencies = { arcgate: `file:${tarball}` };
  for (const [name, version] of Object.entries(others)) {
    write(`beside/own/${name}/package.json`, JSON.stringify({ name, version }));
    dependencies[name] = `file:own/${name}`;
  }
  write("beside/package.json", JSON.stringify({ name: "beside", private: true, dependencies }));
  const cwd = join(project, "beside");
  await run("npm", ["install", "--offline", "--no-audit", "--no-fund"], { cwd });
  for (const name of ["arcgate", "arcgate-conformance"])
    assert.ok(existsSync(join(cwd, "node_modules/.bin", name)), `and its command ${name}`);
});

describe("holds a runtime of ARCP to the specification in Node", () => {
  for (const { version, path } of nodes()) {
    test(version, async () => {
      const runtime = await startConformingRuntime();
      const command = join(project, "node_modules/arcgate/bin/conformance.js");
      const args = [command, runtime.url, "--token", "tok-alice-1234", "--only", "57,133,A40"];
      const { stdout } = await run(path, args, { cwd: project }).finally(() => runtime.close());
      assert.match(stdout, /^3 passed, 0 failed/m);
    });
  }
});

describe("verifies a token in Node", () => {
  for (const { version, path } of nodes()) {
    test(version, async () => {
      write("verify.mjs", `import * as arcgate from "arcgate";${use}\nconsole.log(JSON.stringify(${gives}));`);
      const { stdout, stderr } = await run(path, ["verify.mjs"], { cwd: project });
      assert.deepEqual(JSON.parse(stdout), expected);
      assert.equal(stderr, "");
    });
  }
});

describe("verifies a token in workerd", () => {
  const start = async (source) => {
    write("worker.js", source);
    write("wrangler.toml", 'name = "empty-project"\nmain = "worker.js"\ncompatibility_date = "2026-10-01"\n');
    return startWrangler({}, { config: join(project, "wrangler.toml"), cwd: project, ready: "/healthz" });
  };

  test("made at global scope, without I/O", async () => {
    const worker = await start(`
      import * as arcgate from "arcgate";
      const early = arcgate.JwtVerifier.create({ providers: { p: { issuer: "https://issuer.example", audience: "a" } } });
      export default { async fetch() { await early; ${use}\nreturn Response.json(${gives}); } };`);
    try {
      assert.deepEqual(await (await fetch(worker.url)).json(), expected);
    } finally {
      await worker.close();
    }
  });

  test("by arcgate/verify, its module given by its name in the package", async () => {
    const worker = await start(`
      import * as arcgate from "arcgate/verify";
      import module from "arcgate/verify.wasm";
      const begun = arcgate.ready({ module });
      export default { async fetch() { await begun; ${use}\nreturn Response.json(${gives}); } };`);
    try {
      assert.deepEqual(await (await fetch(worker.url)).json(), expected);
    } finally {
      await worker.close();
    }
  });

  test("arcgate/worker beside arcgate: one module, one instance", async () => {
    const worker = await start(`
      import { createWorker, builtinAgents } from "arcgate/worker";
      import { StaticBearerVerifier } from "arcgate";
      export default createWorker({ agents: builtinAgents, verifier: () => StaticBearerVerifier.create({ key: { id: "robot", scopes: ["arc.agent.caller", "arc.task.controller"] } }) });`);
    try {
      const body = JSON.stringify({
        arc: "1.0",
        id: "1",
        method: "task.info",
        requestAgent: "me",
        targetAgent: "echo",
        params: { taskId: "none" },
      });
      const call = (authorization) =>
        fetch(`${worker.url}/arc`, {
          method: "POST",
          body,
          headers: { "content-type": "application/arc+json", authorization },
        });
      assert.equal((await call("Bearer other")).status, 401);
      assert.equal((await (await call("Bearer key")).json()).error.code, -42001);
    } finally {
      await worker.close();
    }
  });
});

describe("verifies a token in a page", () => {
  let browser;
  before(async () => {
    browser = await startBrowser("chromium");
  });
  after(() => browser?.close());
  const headers = {
    "content-security-policy": "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'",
  };
  const inPage = async (folder) => {
    const pages = await servePages({ "/": folder }, { headers });
    try {
      await browser.open(`${pages.url}/`);
      // The page is open before its module has run.
      return await browser.run(`return (async () => {
        for (const until = performance.now() + 60_000; !globalThis.result && performance.now() < until; )
          await new Promise(requestAnimationFrame);
        return globalThis.result;
      })()`);
    } finally {
      await pages.close();
    }
  };
  // No top-level await: not every bundler's target has it.
  const source = (from) =>
    `import * as arcgate from "${from}";\nglobalThis.result = (async () => {${use}\nreturn ${gives}; })();`;
  const html = '<!doctype html><title>t</title><script type="module" src="./main.js"></script>';

  test("as plain modules, without a bundler", async () => {
    write("plain/main.js", source("./arcgate/entry.web.js"));
    write("plain/index.html", html);
    cpSync(join(project, "node_modules/arcgate"), join(project, "plain/arcgate"), { recursive: true });
    assert.deepEqual(await inPage(join(project, "plain")), expected);
  });

  test("bundled by Vite, without a plugin", async () => {
    write("vite/main.js", source("arcgate"));
    write("vite/index.html", html);
    await build({ root: join(project, "vite"), configFile: false, logLevel: "error" });
    const assets = readdirSync(join(project, "vite/dist/assets"));
    const modules = assets.filter((file) => file.endsWith(".wasm")).map((file) => file.split("-")[0]);
    assert.deepEqual(modules.sort(), ["client", "verify"], `one copy of each module: ${assets}`);
    assert.deepEqual(await inPage(join(project, "vite/dist")), expected);
  });

  test("bundled by esbuild, the module copied beside the bundle", async () => {
    write("esbuild/main.src.js", source("arcgate"));
    write("esbuild/index.html", html);
    const folder = join(project, "esbuild");
    await run(bin("esbuild"), ["main.src.js", "--bundle", "--format=esm", "--platform=browser", "--outfile=main.js"], {
      cwd: folder,
    });
    cpSync(join(project, "node_modules/arcgate/wasm/verify.wasm"), join(folder, "wasm/verify.wasm"));
    assert.deepEqual(await inPage(folder), expected);
  });
});

// Every Node on the PATH, the one that runs this included: npm puts the repository's own first.
function nodes() {
  const onPath = process.env.PATH.split(delimiter).map((folder) => join(folder, "node"));
  const programs = [process.execPath, ...onPath.filter((path) => existsSync(path) && !path.includes("node_modules"))];
  return [...new Set(programs.map((path) => realpathSync(path)))].map((path) => {
    return { path, version: execFileSync(path, ["--version"], { encoding: "utf8" }).trim() };
  });
}
