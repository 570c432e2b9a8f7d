// What makes the reference: links that are made absolute, and links that are followed.

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { withRepositoryLinks } from "../../scripts/build/repository-links.mjs";
import { brokenLinks } from "../../scripts/docs/links.mjs";
import { root } from "../../scripts/setup/cache.mjs";

describe("links to the repository", () => {
  const where = { repository: "https://code.example/arcgate", version: "1.2.3" };
  const tagged = (kind, path) => `https://code.example/arcgate/${kind}/v1.2.3/${path}`;
  for (const [what, text, expected] of [
    ["a document", "[a](docs/a.md)", `[a](${tagged("blob", "docs/a.md")})`],
    ["with an anchor", "[a](docs/a.md#b)", `[a](${tagged("blob", "docs/a.md#b")})`],
    ["a folder", "[a](examples/)", `[a](${tagged("tree", "examples/")})`],
    ["a picture", "![a](docs/p.svg)", `![a](${tagged("raw", "docs/p.svg")})`],
    ["a picture's tag", '<img src="docs/p.svg" alt="">', `<img src="${tagged("raw", "docs/p.svg")}" alt="">`],
    ["a reference", "[a]: docs/a.md", `[a]: ${tagged("blob", "docs/a.md")}`],
    ["one with a title", '[a](docs/a.md "b")', `[a](${tagged("blob", "docs/a.md")} "b")`],
    ["an address", "[a](https://a.example/docs)", "[a](https://a.example/docs)"],
    ["an anchor", "[a](#b)", "[a](#b)"],
    ["code", "```js\nx[a](b.md)\n```\n", "```js\nx[a](b.md)\n```\n"],
  ]) {
    test(what, () => assert.equal(withRepositoryLinks(text, "README.md", where), expected));
  }

  test("are relative to their document, and stay where the other one is there", () => {
    const stays = (target) => target === "docs/b.md";
    assert.equal(
      withRepositoryLinks("[a](../SECURITY.md) [b](b.md#c)", "docs/a.md", { ...where, stays }),
      `[a](${tagged("blob", "SECURITY.md")}) [b](b.md#c)`,
    );
    assert.throws(() => withRepositoryLinks("[a](../a.md)", "README.md", where), /leads out/);
  });
});

test("the package's README has links that work where there are no documents, to what the repository has", () => {
  const readme = readFileSync(join(root, "pkg/README.md"), "utf8").replaceAll(/^```[\s\S]*?^```/gm, "");
  const { version, repository } = JSON.parse(readFileSync(join(root, "pkg.json"), "utf8"));
  const home = repository.url.replace(/^git\+|\.git$/g, "");
  const links = [...readme.matchAll(/\]\(([^)\s]+)|\s(?:src|href|srcset)="([^"]+)"/g)].map(
    ([, one, other]) => one ?? other,
  );
  assert.ok(links.length > 5);
  for (const link of links) {
    assert.match(link, /^(?:https:|#)/);
    const [, path] = new RegExp(`^${home}/(?:blob|tree|raw)/v${version}/([^#]*)`).exec(link) ?? [];
    if (path === undefined) assert.ok(!link.startsWith(`${home}/blob/`), `${link} is of another version`);
    else assert.doesNotThrow(() => readFileOrFolder(join(root, path)), link);
  }
});

function readFileOrFolder(path) {
  try {
    readFileSync(path);
  } catch (error) {
    if (error.code !== "EISDIR") throw error;
  }
}

describe("links of pages", () => {
  const folder = mkdtempSync(join(tmpdir(), "arcgate-links-"));
  after(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, "sub"));
  writeFileSync(join(folder, "sub/index.html"), '<h1 id="a">A</h1> <a href="../one.html#b">b</a> <p id=c>');

  for (const [what, html, broken] of [
    ["that lead somewhere", '<a href="sub/#a">a</a> <a href="sub/index.html#c"> <a href="#d"> <i id="d">', []],
    ["of pictures elsewhere", '<img alt="" src="https://a.example/p.svg">', ["https://a.example/p.svg is elsewhere"]],
    ["of pictures inside", '<img src="data:image/png;base64,AA==">', []],
    ["that lead elsewhere", '<a href="https://a.example/none"> <a href="mailto:a@b">', []],
    ["in scripts", `<script>x = '<a href="none.html">'</script>`, []],
    ["without a file", '<a class=x href="none.html">', ["none.html is not there"]],
    ["without an anchor", '<a href="sub/index.html#none">', ["sub/index.html#none has no such anchor"]],
    [
      "of pictures and scripts",
      '<img src="none.png"><script src="none.js"></script>',
      ["none.png is not there", "none.js is not there"],
    ],
  ]) {
    test(what, () => {
      writeFileSync(join(folder, "one.html"), `<b id="b"></b>${html}`);
      assert.deepEqual(
        brokenLinks(folder).broken,
        broken.map((each) => `one.html: ${each}`),
      );
    });
  }
});
