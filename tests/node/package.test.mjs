// The package as its users get it: packed by npm, installed into an empty project, and used there in Node, in workerd and in
// a page, with and without a bundler; and what the types say of it.

import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join, relative } from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import { build } from "vite";
import { root } from "../../scripts/setup/cache.mjs";
import { startBrowser } from "../browser/webdriver.mjs";
import { servePages } from "../lib/browser.mjs";
import { startWrangler } from "../lib/worker.mjs";

const run = promisify(execFile);
const bin = (name) => join(root, "node_modules/.bin", name);
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

let project;
let tarball;
const write = (path, text) => {
  mkdirSync(join(project, path, ".."), { recursive: true });
  writeFileSync(join(project, path), text);
};

before(async () => {
  project = mkdtempSync(join(tmpdir(), "arcgate-package-"));
  // npm runs on the Node that it was installed for, whichever this is.
  const { stdout } = await run("npm", ["pack", join(root, "pkg"), "--json", "--pack-destination", project], {
    cwd: project,
  });
  tarball = join(project, JSON.parse(stdout)[0].filename);
  write("package.json", JSON.stringify({ name: "empty-project", private: true, type: "module" }));
  await run("npm", ["install", tarball, "--offline", "--no-audit", "--no-fund"], { cwd: project });
});
after(() => rmSync(project, { recursive: true, force: true }));

test("holds what its manifest names, its two modules, and nothing of the development", () => {
  const installed = join(project, "node_modules/arcgate");
  const entries = readdirSync(installed, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(installed, join(entry.parentPath, entry.name)));
  const named = (entry) => (typeof entry === "string" ? [entry] : Object.values(entry).flatMap(named));
  for (const file of named(manifest.exports))
    assert.ok(existsSync(join(installed, file)), `${file} is named and not there`);
  assert.deepEqual(
    files.filter((file) => file.endsWith(".wasm")),
    ["core.wasm", "page.wasm"],
  );
  const foreign = files.filter(
    (file) => !/\.(js|d\.ts|wasm)$|^(package\.json|README\.md|CHANGELOG\.md|LICENSE-(APACHE|MIT))$/.test(file),
  );
  assert.deepEqual(foreign, []);
  for (const file of ["README.md", "LICENSE-APACHE", "LICENSE-MIT"]) assert.ok(files.includes(file), file);
  assert.equal(JSON.parse(readFileSync(join(installed, "package.json"), "utf8")).dependencies, undefined);
  assert.ok(!existsSync(join(project, "node_modules", "wasm-bindgen")));
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
        for (const until = performance.now() + 10_000; !globalThis.result && performance.now() < until; )
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
    assert.equal(assets.filter((file) => file.endsWith(".wasm")).length, 1, `one copy of the module: ${assets}`);
    assert.deepEqual(await inPage(join(project, "vite/dist")), expected);
  });

  test("bundled by esbuild, the module copied beside the bundle", async () => {
    write("esbuild/main.src.js", source("arcgate"));
    write("esbuild/index.html", html);
    const folder = join(project, "esbuild");
    await run(bin("esbuild"), ["main.src.js", "--bundle", "--format=esm", "--platform=browser", "--outfile=main.js"], {
      cwd: folder,
    });
    cpSync(join(project, "node_modules/arcgate/page.wasm"), join(folder, "page.wasm"));
    assert.deepEqual(await inPage(folder), expected);
  });
});

describe("types", () => {
  const file = (path) => readFileSync(join(root, path), "utf8");
  const withoutComments = (text) => text.replace(/\/\*.*?\*\/|^ *\/\/[^\n]*/gms, "");
  // Each declaration of the package, without its comments.
  const declarations = readdirSync(join(root, "pkg"), { recursive: true })
    .filter((name) => name.endsWith(".d.ts"))
    .map((name) => ({ name, text: withoutComments(file(`pkg/${name}`)) }));
  const index = declarations.find(({ name }) => name === "index.d.ts").text;
  const exports = [...index.matchAll(/^export \{([^}]*)\} from/gm)].flatMap(([, names]) => names.match(/\w+/g));
  const declared = [...exports, ...[...index.matchAll(/^export declare \w+ (\w+)/gm)].map(([, name]) => name)];

  test("declare what the entries export, no more and no less", async () => {
    for (const entry of ["entry.node.js", "entry.web.js"]) {
      const exported = Object.keys(await import(join(root, "pkg", entry)));
      assert.deepEqual(exported.sort(), [...declared].sort(), entry);
    }
  });

  test("declare each class's members, no more and no less", async () => {
    const arcgate = await import(join(root, "pkg/entry.node.js"));
    const classes = declarations.flatMap(({ text }) => [
      ...text.matchAll(/^export declare class (\w+)[^{]*\{$(.*?)^\}/gms),
    ]);
    const known = classes.filter(([, name]) => name in arcgate && name !== "ArcgateError");
    assert.equal(known.length, 10);
    for (const [, name, body] of known) {
      const declared = [...body.matchAll(/^ {4}(?!private|static|readonly)(?:get )?(\w+)[<(:]/gm)].map(
        ([, member]) => member,
      );
      const defined = Object.getOwnPropertyNames(arcgate[name].prototype).filter((member) => member !== "constructor");
      assert.deepEqual(declared.sort(), defined.sort(), name);
    }
  });

  test("ErrorCode has the core's codes, and those that the package throws itself", () => {
    const union = withoutComments(file("npm/error-codes.ts")).match(/export type ErrorCode =(.*?);/s)[1];
    const inTypes = [...union.matchAll(/"(ERR_\w+)"/g)].map(([, code]) => code);
    const inCore = [...file("src/error.rs").matchAll(/^ +\w+ = "(ERR_\w+)", \w+, \w+;$/gm)].map(([, code]) => code);
    assert.ok(inCore.length > 15, "the codes of src/error.rs are found");
    assert.deepEqual(inTypes.toSorted(), inCore.toSorted());
    const sources = readdirSync(join(root, "npm"), { recursive: true }).filter((name) => /(?<!\.d)\.[jt]s$/.test(name));
    assert.ok(sources.length > 60, "the sources are found");
    const thrown = sources.flatMap((name) =>
      [...file(`npm/${name}`).matchAll(/"(ERR_[A-Z_]*[A-Z])"/g)].map(([, code]) => code),
    );
    assert.deepEqual(
      [...new Set(thrown)].filter((code) => !inTypes.includes(code)),
      [],
    );
  });

  test("have no `any`", () => {
    for (const { name, text } of declarations) {
      // `tenants: "any"` is a text, and no type.
      assert.ok(!/\bany\b/.test(text.replaceAll('"any"', "")), name);
    }
  });

  test("show nothing of the inside: neither private members nor the module's glue", () => {
    assert.ok(declarations.length > 15, "the declarations are found");
    for (const { name, text } of declarations) {
      assert.ok(!/#private|core\.js|page\.js|wasm\.js/.test(text), name);
      assert.ok(!/^export declare (?:let|function) (?:bindings|call|toPrincipal)\b/m.test(text), name);
    }
  });

  test("hold for the examples in tests/types", () =>
    run(bin("tsc"), ["--project", "tests/types/tsconfig.json"], { cwd: root }).catch(said));

  for (const [module, resolution, lib] of [
    ["nodenext", "nodenext", "es2022,dom"],
    ["esnext", "bundler", "es2022,dom"],
    ["esnext", "bundler", "es2022"],
  ]) {
    test(`are found in an installed package, moduleResolution ${resolution}, lib ${lib}`, async () => {
      write(
        "use.ts",
        `import { JwtVerifier, type Principal } from "arcgate";
        import { createWorker } from "arcgate/worker";
        const verifier: Promise<JwtVerifier> = JwtVerifier.create({ providers: { p: { issuer: "i", audience: null } } });
        export const principal: Promise<Principal> = verifier.then((v) => v.verify("")).then((verified) => verified.principal);
        export default createWorker({ verifier: () => verifier });`,
      );
      const options = [
        "--noEmit",
        "--strict",
        "--ignoreConfig",
        "--target",
        "es2022",
        "--skipLibCheck",
        "false",
        "--lib",
        lib,
        "--module",
        module,
        "--moduleResolution",
        resolution,
      ];
      await run(bin("tsc"), [...options, "use.ts"], { cwd: project }).catch(said);
    });
  }

  test("publint is content with the package", () => run(bin("publint"), ["--strict", tarball]).catch(said));

  test("so is attw, which asks whether the types are wrong", () =>
    run(bin("attw"), [tarball, "--profile", "esm-only", "--exclude-entrypoints", "core.wasm"]).catch(said));
});

// A program that failed, with what it said.
function said({ message, stdout, stderr }) {
  throw new Error(`${message}\n${stdout}\n${stderr}`);
}

// Every Node on the PATH, the one that runs this included: npm puts the repository's own first.
function nodes() {
  const onPath = process.env.PATH.split(delimiter).map((folder) => join(folder, "node"));
  const programs = [process.execPath, ...onPath.filter((path) => existsSync(path) && !path.includes("node_modules"))];
  return [...new Set(programs.map((path) => realpathSync(path)))].map((path) => {
    return { path, version: execFileSync(path, ["--version"], { encoding: "utf8" }).trim() };
  });
}
