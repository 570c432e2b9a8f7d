const page = (script) => `<!doctype html><body></body><script src="${script}"></script>`;

// What a build warns of. Of sizes it may, where the modules were built without optimization.
function warnings(said) {
  return (
    /^WARNING in (?!.*asset size limit)/im.test(said) || (/asset size limit/.test(said) && !process.env.ARCGATE_QUICK)
  );
}

const build = (script, path = "/") =>
  async function build({ exec, files, page: look }, name) {
    const said = await exec([name, "build"]);
    if (warnings(said)) throw new Error(said);
    return look(`${await files({ [path]: "dist", [`${path}page.html`]: page(script) })}${path}page.html`, {
      silent: true,
    });
  };

/** The ways of webpack, and of what is like it. */
export const waysOf = (name) =>
  Object.fromEntries(
    Object.entries({
      build: build("main.js"),
      "build, below a path": build("main.js", "/below/it/"),
      "build, Web Worker": build("page.js"),
      "development server": async ({ serve, page: look }) =>
        look(`${await serve([name, "serve", "--mode", "development", "--port", "{port}"])}/main.html`),
      "development server, Web Worker": async ({ serve, page: look }) =>
        look(`${await serve([name, "serve", "--mode", "development", "--port", "{port}"])}/page.html`),
    }).map(([way, run]) => [way, (kit) => run(kit, name)]),
  );

export default { name: "webpack 5", quick: ["build"], ways: waysOf("webpack") };
