// The page that leads to all of the reference.

import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { root } from "../setup/cache.mjs";
import { documents, pageName } from "./api.mjs";

const escaped = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");

/** Its text. */
export function indexPage() {
  const { name, version, description, exports } = JSON.parse(readFileSync(join(root, "pkg.json"), "utf8"));
  const subpaths = Object.keys(exports).filter((path) => !/\.\w+$/.test(path.slice(2)));
  const list = documents().map((path) => {
    const [, title] = /^# (.*)$/m.exec(readFileSync(join(root, path), "utf8")) ?? [undefined, basename(path)];
    return `<li><a href="api/documents/${pageName(path)}.html">${escaped(title.replaceAll("`", ""))}</a></li>`;
  });
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${name} ${version}: reference</title>
<style>
:root { color-scheme: light dark; font: 1rem/1.6 system-ui, sans-serif }
body { max-width: 42rem; margin: 3rem auto; padding: 0 1rem }
ul { padding-left: 1.2rem }
</style>
<h1>${name} ${version}</h1>
<p>${escaped(description)}.</p>
<ul>
<li><a href="api/index.html">The npm package</a>: ${subpaths.map((path) => `<code>${name}${path.slice(1)}</code>`).join(", ")}</li>
<li><a href="crate/${name}/index.html">The Rust crate</a></li>
<li><a href="api/documents/errors.html">Errors by their codes</a></li>
</ul>
<h2>Documents</h2>
<ul>
${list.join("\n")}
</ul>
</html>
`;
}
