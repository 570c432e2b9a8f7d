// docs/operators.md says what is so: its files are the example's, its scopes the code's, its date and flag everybody's.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { configuration } from "../../pkg/bin/configuration.js";
import { root } from "../../scripts/setup/cache.mjs";

const read = (path) => readFileSync(join(root, path), "utf8");
const operators = read("docs/operators.md");
const fence = (language) => operators.match(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``))[1];

test("what is to be pasted are the files of the example, which is tried", () => {
  assert.equal(fence("js"), read("examples/gate-worker/index.js"));
  assert.equal(fence("toml"), read("examples/gate-worker/wrangler.toml"));
});

test("the scopes are those of the code", () => {
  const source = read("src/arc/scopes.rs");
  const scopes = Object.fromEntries(
    [...source.matchAll(/^const (\w+): &\[&str\] = &\[(.*)\];/gm)].map(([, name, list]) => [
      name,
      list.match(/[\w.]+/g),
    ]),
  );
  const matrix = source.match(/^const MATRIX[^=]*= \[([\s\S]*?)\n\];/m)[1];
  const ofCode = [...matrix.matchAll(/\("([\w.]+)", (\w+)\)/g)].map(([, method, name]) => [method, ...scopes[name]]);
  const table = operators.split("| method | scopes | who has them |")[1].split("\n\n")[0];
  const documented = [...table.matchAll(/^\| (`.*?) \| (`.*?) \|/gm)].map(([row]) =>
    [...row.matchAll(/`([\w.]+)`/g)].map(([, word]) => word),
  );
  assert.ok(ofCode.length >= 9);
  assert.deepEqual(documented, ofCode);
});

test("one date and one flag: in the example, in the repository's own, under `arcgate serve`", () => {
  const configurations = [
    ...["wrangler.toml", "wrangler.development.toml", "examples/gate-worker/wrangler.toml"].map(read),
    configuration(join(root, "pkg"), {
      address: "127.0.0.1:0",
      state: "/s",
      revocations: undefined,
      authorities: [],
      variables: [],
    }),
  ];
  for (const text of configurations) {
    assert.equal(text.match(/compatibility_?date = "(.*)"/i)[1], "2026-10-01");
    assert.equal(text.match(/compatibility_?flags = \["(.*)"\]/i)[1], "enable_request_signal");
  }
});

test("what is deployed and what `npm start` runs differ in the playground alone", () => {
  const bound = (text) => text.split("# The embedded runtime behind /arcp.")[1].split("\n[observability]")[0].trim();
  assert.equal(bound(read("wrangler.development.toml")), bound(read("wrangler.toml")));
  assert.doesNotMatch(read("wrangler.toml"), /^\[assets\]|DEV_MODE *=|development\.js/m);
});

test("each type of line in the log has a row, and no other", () => {
  const table = operators.split("| `type` | when |")[1].split("\n\n")[0];
  const documented = [...table.matchAll(/^\| (.*?) \|/gm)].flatMap(([, names]) =>
    [...names.matchAll(/`([\w.]+)`/g)].map(([, name]) => name),
  );
  // Options have names of this form, too.
  const said = /"((?:arcp?|http|revocation|worker)\.(?!upstream|scopes)[a-z]+)"/g;
  const sources = ["src", "npm"].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true })
      .filter((name) => /\.(rs|ts)$/.test(name))
      .map((name) => read(join(folder, name))),
  );
  const types = sources.flatMap((text) => [...text.matchAll(said)].map(([, type]) => type));
  assert.deepEqual([...new Set(documented)].sort(), [...new Set(types)].sort());
});
