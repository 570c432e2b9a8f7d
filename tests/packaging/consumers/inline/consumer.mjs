import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

// One page with its script inside, opened as a file.
const single =
  (browser) =>
  async ({ project, exec, write, page }) => {
    await exec(["esbuild", "src/main.js", "--bundle", "--minify", "--outfile=dist/main.js"]);
    const script = readFileSync(join(project, "dist/main.js"), "utf8").replaceAll("</script", "<\\/script");
    write("dist/page.html", `<!doctype html><title>One file</title><body></body><script>${script}</script>`);
    return page(pathToFileURL(join(project, "dist/page.html")).href, { browser });
  };

export default {
  name: "one HTML file",
  ways: {
    "opened as a file": single("chromium"),
    "opened as a file, in Firefox": single("firefox"),
    async "by Vite and vite-plugin-singlefile"({ project, exec, write, page }) {
      write(
        "vite.config.js",
        'import { viteSingleFile } from "vite-plugin-singlefile";\nexport default { plugins: [viteSingleFile()] };\n',
      );
      await exec(["vite", "build"]);
      const made = readdirSync(join(project, "dist"));
      if (made.join() !== "index.html") throw new Error(`not one file: ${made}`);
      return page(pathToFileURL(join(project, "dist/index.html")).href);
    },
  },
};
