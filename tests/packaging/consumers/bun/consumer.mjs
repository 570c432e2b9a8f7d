import { join } from "node:path";
import { takeElsewhere } from "../../harness/elsewhere.mjs";

const html = '<!doctype html><title>Bun</title><body></body><script type="module" src="page.js"></script>';

const build = (source, target) => ["bun", "build", source, `--target=${target}`, "--outdir=out"];

export default {
  name: "Bun",
  ways: {
    run: ({ exec }) => exec(["bun", "main.mjs"]),
    async "build for Bun"(kit) {
      await kit.exec(build("main.mjs", "bun"));
      return kit.exec(["bun", join(takeElsewhere(kit, "out"), "main.js")]);
    },
    async "build for Node"(kit) {
      await kit.exec(build("main.mjs", "node"));
      return kit.exec(["node", join(takeElsewhere(kit, "out"), "main.js")]);
    },
    async "build for browsers"({ exec, files, page, write }) {
      await exec(build("page.mjs", "browser"));
      write("out/index.html", html);
      return page(`${await files({ "/": "out" })}/index.html`);
    },
    async "build --compile"(kit) {
      await kit.exec(["bun", "build", "main.mjs", "--compile", "--outfile=out/program"]);
      return kit.exec([join(takeElsewhere(kit, "out"), "program")]);
    },
  },
};
