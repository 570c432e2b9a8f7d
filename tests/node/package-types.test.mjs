// The package as its users get it: what its types say.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { describe, test } from "node:test";
import { root } from "../../scripts/setup/cache.mjs";
import { bin, project, run, tarball, write } from "../lib/packed.mjs";

describe("types", () => {
  const file = (path) => readFileSync(join(root, path), "utf8");
  const withoutComments = (text) => text.replace(/\/\*.*?\*\/|^ *\/\/[^\n]*/gms, "");
  // Each declaration of the package, without its comments.
  const declarations = readdirSync(join(root, "pkg"), { recursive: true })
    .filter((name) => name.endsWith(".d.ts"))
    .map((name) => ({ name, text: withoutComments(file(`pkg/${name}`)) }));
  const declaredBy = (file) => {
    const { text } = declarations.find(({ name }) => name === file);
    const others = [...text.matchAll(/^export \* from "(\.\/[\w/-]+)\.js"/gm)].flatMap(([, path]) =>
      declaredBy(`${posix.join(posix.dirname(file), path)}.d.ts`),
    );
    const exports = [...text.matchAll(/^export \{([^}]*)\} from/gm)].flatMap(([, names]) => names.match(/\w+/g));
    const own = [...text.matchAll(/^export declare (?:async )?\w+ (\w+)/gm)].map(([, name]) => name);
    return [...new Set([...others, ...exports, ...own])];
  };

  for (const [file, ...entries] of [
    ["index.d.ts", "entry.node.js", "entry.web.js"],
    ["verify.d.ts", "verify.node.js", "verify.web.js"],
    ["client.d.ts", "client.node.js", "client.web.js"],
    ["worker.d.ts", "worker.node.js", "worker.js"],
  ]) {
    test(`${file} declares what its entries export, no more and no less`, async () => {
      for (const entry of entries) {
        const exported = Object.keys(await import(join(root, "pkg", entry)));
        assert.deepEqual(exported.sort(), declaredBy(file).sort(), entry);
      }
    });
  }

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
    const inCore = [...file("src/error/code.rs").matchAll(/^ +\w+ = "(ERR_\w+)", \w+, \w+;$/gm)].map(
      ([, code]) => code,
    );
    assert.ok(inCore.length > 15, "the codes of src/error/code.rs are found");
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
      assert.ok(!/#private|\/wasm\/|wasm\.js|modules\//.test(text), name);
      assert.ok(!/^export declare (?:let|function) (?:bindings|call|toPrincipal)\b/m.test(text), name);
    }
  });

  test("have the names that callers know: no parameter with an underscore, no second name of a type", () => {
    for (const { name, text } of declarations) {
      const odd = [...text.matchAll(/[(,]\s*(_\w+)\??:|\b(\w+ as \w+)\b/g)].map(
        ([, parameter, type]) => parameter ?? type,
      );
      assert.deepEqual(odd, [], name);
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
        import * as client from "arcgate/client";
        import * as verify from "arcgate/verify";
        import module from "arcgate/verify.wasm";
        const same: typeof JwtVerifier = verify.JwtVerifier;
        export const begun = [client.ready(), verify.ready({ module }), same];
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

  // Subpaths that are no JavaScript.
  const wasmFiles = ["verify.wasm", "client.wasm", "gate.wasm", "core.wasm"];

  test("so is attw, which asks whether the types are wrong", () =>
    run(bin("attw"), [tarball, "--profile", "esm-only", "--exclude-entrypoints", ...wasmFiles]).catch(said));
});

// A program that failed, with what it said.
function said({ message, stdout, stderr }) {
  throw new Error(`${message}\n${stdout}\n${stderr}`);
}
