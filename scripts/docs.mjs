// Makes the reference into target/docs/: the API from the package's types, the crate from its source, the documents, and a page that
// leads to them. Each link is followed before it is called done.
//
//   npm run docs

import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "./build.mjs";
import { makeApi } from "./docs/api.mjs";
import { makeCrate } from "./docs/crate.mjs";
import { indexPage } from "./docs/index-page.mjs";
import { brokenLinks } from "./docs/links.mjs";
import { root } from "./setup/cache.mjs";
import { main, Stop, step } from "./setup/steps.mjs";
import { setup } from "./setup.mjs";

const out = join(root, "target/docs");

await main(async () => {
  await setup(["cargo", "npm", "wasm"]);
  await build();
  console.log("Reference");
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  await step("api/", "the npm package's types, and the documents", () => makeApi(join(out, "api")));
  await step("crate/", "the crate", () => makeCrate(join(out, "crate")));
  writeFileSync(join(out, "index.html"), indexPage());
  await step("links", "each of them leads somewhere", () => {
    const { broken, pages, links } = brokenLinks(out);
    if (broken.length > 0) throw new Stop(`links that lead nowhere:\n  ${broken.join("\n  ")}`);
    return `${links} in ${pages} pages`;
  });
  console.log(`  target/docs/index.html`);
});
