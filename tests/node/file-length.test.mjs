// A file is read at one sitting: 300 lines at most. The exceptions are listed with their length and their reason; the list may
// only become shorter, and so may they.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const LIMIT = 300;
// So much shorter than its number a file may be before the number follows it.
const SLACK = 20;
const folders = ["src", "npm", "tests", "worker", "examples", "scripts", "benches", "fuzz/src", "www"];
const isCode = /\.(rs|ts|mts|mjs|js|py)$/;
// What is built or installed.
const isForeign =
  /(^|\/)(node_modules|target|dist|\.wrangler)(\/|$)|^www\/arcgate\/|^examples\/[^/]+\/(build|page\/arcgate)\//;

const exceptions = JSON.parse(readFileSync(new URL("long-files.json", import.meta.url), "utf8"));

const lengths = new Map(
  folders
    .flatMap((folder) => readdirSync(join(root, folder), { recursive: true }).map((path) => `${folder}/${path}`))
    .filter((path) => isCode.test(path) && !isForeign.test(path))
    .map((path) => [path, readFileSync(join(root, path), "utf8").split("\n").length - 1]),
);

test(`no file has more than ${LIMIT} lines, but for the exceptions`, () => {
  const tooLong = [...lengths].filter(([path, lines]) => lines > (exceptions[path]?.lines ?? LIMIT));
  assert.deepEqual(tooLong, []);
});

test("each exception has its reason, and is one still", () => {
  for (const [path, { lines, reason }] of Object.entries(exceptions)) {
    assert.ok(reason?.length > 10, `${path}: why`);
    const length = lengths.get(path) ?? 0;
    assert.ok(length > LIMIT, `${path} is short enough: strike it from the exceptions`);
    assert.ok(length > lines - SLACK, `${path} has ${length} lines: so does its exception`);
  }
});
