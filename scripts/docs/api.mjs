// The API of the npm package, a page for each class, function and type, by typedoc from the declarations that are published. The
// documents are pages beside them, so that their links are links there, too.

import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { repositoryOf, withRepositoryLinks } from "../build/repository-links.mjs";
import { cached, locked, root } from "../setup/cache.mjs";
import { must } from "../setup/processes.mjs";

const own = join(root, "scripts/docs");
const work = join(root, "target/npm/docs");
const pictures = "docs/pictures/";

/** The declarations of the subpaths. A name has its page where it comes first; the root and the like, which have others' names, are last. */
export function entryPoints() {
  const { exports } = JSON.parse(readFileSync(join(root, "pkg/package.json"), "utf8"));
  const declared = Object.values(exports).map((entry) => entry.types ?? entry.default?.types);
  const files = [...new Set(declared)].filter((types) => typeof types === "string" && types !== "./wasm.d.ts");
  const isOfOthers = (types) => /^\.\/(?:index|inline)\.d\.ts$/.test(types);
  return [...files.filter((types) => !isOfOthers(types)), ...files.filter(isOfOthers)].map((types) =>
    join(root, "pkg", types),
  );
}

/** The documents, by their paths in the repository: without those that are about its development alone. */
export function documents() {
  return readdirSync(join(root, "docs"), { recursive: true })
    .filter((name) => name.endsWith(".md") && !name.startsWith("decisions/"))
    .sort()
    .map((name) => posix.join("docs", name));
}

/** What a document's page is called. */
export function pageName(document) {
  return document.slice("docs/".length, -".md".length).replaceAll("/", "-");
}

// The documents beside their README, where typedoc reads them, and their pictures. What is no page there is in the repository.
function copyDocuments() {
  const names = documents();
  const manifest = JSON.parse(readFileSync(join(root, "pkg.json"), "utf8"));
  cpSync(join(root, pictures), join(work, pictures), { recursive: true });
  const stays = (target) => names.includes(target) || target.startsWith(pictures);
  for (const name of ["README.md", ...names]) {
    mkdirSync(dirname(join(work, name)), { recursive: true });
    const text = withRepositoryLinks(readFileSync(join(root, name), "utf8"), name, {
      ...repositoryOf(manifest),
      stays,
    });
    // Typedoc names a page after its title.
    const front = name === "README.md" ? "" : `---\ntitle: ${pageName(name)}\n---\n`;
    writeFileSync(join(work, name), front + text);
  }
  return names.map((name) => join(work, name));
}

// Fences in other languages are shown as they are.
const coloured =
  "js jsx javascript mjs ts tsx json jsonc html css vue svelte sh bash toml ini yaml sql python mermaid".split(" ");

function languagesOf(files) {
  const fences = files.flatMap((file) => [...readFileSync(file, "utf8").matchAll(/^```([\w-]+)/gm)]);
  return [...new Set(fences.map(([, language]) => language))];
}

/** Writes the pages into `out`. What typedoc warns of is an error: a link without an end, a type that nobody can name. */
export async function makeApi(out) {
  const tools = await installed();
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work, { recursive: true });
  const projectDocuments = copyDocuments();
  const compilerOptions = { strict: true, module: "nodenext", target: "es2022", lib: ["es2022", "dom"], types: [] };
  writeFileSync(join(work, "tsconfig.json"), JSON.stringify({ compilerOptions, files: entryPoints() }));
  const options = {
    name: "arcgate",
    entryPoints: entryPoints(),
    tsconfig: join(work, "tsconfig.json"),
    basePath: join(root, "pkg"),
    displayBasePath: join(root, "pkg"),
    out,
    readme: join(work, "README.md"),
    projectDocuments,
    disableSources: true,
    disableGit: true,
    includeVersion: true,
    excludeInternal: true,
    excludePrivate: true,
    hideGenerator: true,
    sort: ["kind", "alphabetical"],
    categorizeByGroup: false,
    navigationLinks: {},
    highlightLanguages: coloured,
    ignoredHighlightLanguages: languagesOf(projectDocuments).filter((language) => !coloured.includes(language)),
    validation: { notExported: true, invalidLink: true, invalidPath: true, rewrittenLink: true },
    treatWarningsAsErrors: true,
    skipErrorChecking: true,
  };
  writeFileSync(join(work, "typedoc.json"), JSON.stringify(options));
  const typedoc = join(tools, "node_modules/typedoc/bin/typedoc");
  await must(process.execPath, [typedoc, "--options", join(work, "typedoc.json")], {
    label: "typedoc",
    whole: true,
    cwd: work,
  });
}

// Typedoc needs the compiler's programming interface, which TypeScript 7 has no more: both are an installation of their own.
async function installed() {
  const lock = readFileSync(join(own, "package-lock.json"));
  const folder = cached("typedoc", createHash("sha256").update(lock).digest("hex").slice(0, 12));
  if (existsSync(folder)) return folder;
  await locked(async () => {
    const unfinished = `${folder}-unfinished`;
    rmSync(unfinished, { recursive: true, force: true });
    mkdirSync(unfinished, { recursive: true });
    for (const file of ["package.json", "package-lock.json"]) cpSync(join(own, file), join(unfinished, file));
    await must("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], { cwd: unfinished });
    renameSync(unfinished, folder);
  });
  return folder;
}
