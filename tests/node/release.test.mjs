// What stands before a release: one version everywhere, and a changelog that tells of it.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { contentProblems, problemsOfFolder } from "../../scripts/release/contents.mjs";
import { npmPublish } from "../../scripts/release/rehearsal.mjs";
import { problems } from "../../scripts/release.mjs";
import { root } from "../../scripts/setup/cache.mjs";

const read = (file) => readFileSync(join(root, file), "utf8");
const good = {
  cargo: '[package]\nversion = "1.2.3"\n',
  lock: '[[package]]\nname = "arcgate"\nversion = "1.2.3"\n',
  manifest: '{ "version": "1.2.3" }',
  changelog: "# Changelog\n\n## 1.2.3 - 2026-01-31\n\n- it works\n",
  tag: "v1.2.3",
};

test("this repository could be released, but for its tag", () => {
  const found = problems({
    cargo: read("Cargo.toml"),
    lock: read("Cargo.lock"),
    manifest: read("pkg.json"),
    changelog: read("CHANGELOG.md"),
  });
  assert.deepEqual(found, []);
});

test("a release whose files agree has no problem", () => assert.deepEqual(problems(good), []));

for (const [what, change, problem] of [
  ["another version in the package", { manifest: '{ "version": "1.2.4" }' }, /pkg\.json says 1\.2\.4/],
  ["another version in the lock file", { lock: good.lock.replace("1.2.3", "1.2.2") }, /Cargo\.lock says 1\.2\.2/],
  ["another tag", { tag: "v1.2.4" }, /the tag is v1\.2\.4/],
  ["something unreleased", { changelog: "## Unreleased\n\n## 1.2.3 - 2026-01-31\n" }, /unreleased/],
  ["no section", { changelog: "## 1.2.2 - 2026-01-31\n" }, /no section for 1\.2\.3/],
  ["a section without its day", { changelog: "## 1.2.3\n" }, /neither/],
]) {
  test(`a release is refused for ${what}`, () => {
    assert.match(problems({ ...good, ...change }).join("\n"), problem);
  });
}

test("the workflows run what a contributor runs, with pinned actions and no more rights than they need", () => {
  for (const name of ["test", "release"]) {
    const text = read(`.github/workflows/${name}.yml`);
    assert.match(text, /^ {6}- run: npm test$/m);
    assert.match(text, /^permissions: \{\}$/m);
    for (const [, used] of text.matchAll(/uses: (\S+)/g)) assert.match(used, /@[0-9a-f]{40}$/);
    assert.doesNotMatch(text, /: write(?!$)|contents: write/m);
  }
});

test("a release is rehearsed before it is made: with provenance, and by cargo", () => {
  const [, build, publish] = read(".github/workflows/release.yml").split(/^ {2}(?:build|publish):$/m);
  assert.match(build, /^ {6}- run: node scripts\/release\.mjs --try \$\{\{ github\.ref_type == 'tag' && '--tag /m);
  const [command, ...options] = npmPublish;
  assert.ok(publish.includes(`- run: npm ${command} ./arcgate.tgz ${options.join(" ")}\n`));
  // A half that is there already doesn't keep the other one from being published.
  for (const half of ["npm", "cargo"])
    assert.match(
      publish,
      new RegExp(`- run: ${half} publish .*\n {8}if: steps\\.known\\.outputs\\.${half} != 'yes'\n`),
    );
});

test("the package that is built is whole", async () => {
  assert.deepEqual(await problemsOfFolder(join(root, "pkg")), []);
});

const whole = {
  "package.json": JSON.stringify({
    main: "./a.js",
    types: "a.d.ts",
    bin: { a: "b.js" },
    exports: { ".": { node: "./a.js" } },
  }),
  "README.md": "[a](https://a.example/) [b](#c)\n```js\na[b](c)\n```\n",
  "LICENSE-APACHE": "",
  "LICENSE-MIT": "",
  "a.js": 'export * from "./b.js";\n// import "./example.js"\n',
  "a.d.ts": 'export * from "./a.js";\n',
  "b.js": "",
};

test("a whole package has no problem", () =>
  assert.deepEqual(
    contentProblems(Object.keys(whole), (file) => whole[file]),
    [],
  ));

for (const [what, change, problem] of [
  ["no README", { "README.md": undefined }, "README.md is missing"],
  ["no licence", { "LICENSE-MIT": undefined }, "LICENSE-MIT is missing"],
  ["a source", { "a.ts": "" }, "a.ts doesn't belong there"],
  ["a command that isn't there", { "b.js": undefined }, "b.js is named in package.json, and not there"],
  ["a map that isn't there", { "b.js": "//# sourceMappingURL=b.js.map" }, "b.js: its map b.js.map is missing"],
  ["an import of nothing", { "b.js": 'import "./c.js";' }, "b.js: imports ./c.js, which is missing"],
  ["a lazy import of nothing", { "b.js": 'await import("./c.js");' }, "b.js: imports ./c.js, which is missing"],
  ["a link to nowhere", { "README.md": "[a](docs/a.md)" }, "README.md: docs/a.md leads nowhere in the package"],
]) {
  test(`a package is not whole with ${what}`, () => {
    const files = Object.fromEntries(Object.entries({ ...whole, ...change }).filter(([, text]) => text !== undefined));
    const found = contentProblems(Object.keys(files), (file) => files[file] ?? "");
    assert.ok(found.includes(problem), found.join("\n"));
  });
}

test("whoever publishes runs nothing that was installed, and publishes what was tested", () => {
  const [, build, publish] = read(".github/workflows/release.yml").split(/^ {2}(?:build|publish):$/m);
  assert.doesNotMatch(build, /: write|secrets\.|environment:/);
  assert.match(publish, /^ {6}id-token: write$/m);
  assert.match(publish, /needs: build\n {4}if: github\.ref_type == 'tag'/);
  assert.match(publish, /sha256sum --check --strict\n {8}env:\n {10}SHA256: \$\{\{ needs\.build\.outputs\.sha256 \}\}/);
  const steps = [...publish.matchAll(/^ {6}- run: (.*)$/gm)].map(([, command]) => command);
  assert.deepEqual(steps.slice(1), [
    "npm publish ./arcgate.tgz --ignore-scripts --provenance --access public",
    "cargo publish --no-verify",
  ]);
  assert.match(read("RELEASING.md"), /^4\. `node scripts\/release\.mjs --tag v/m);
});
