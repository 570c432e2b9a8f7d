const build = (html) =>
  async function build({ exec, files, page }) {
    await exec(["parcel", "build", html, "--no-cache", "--no-autoinstall"]);
    return page(`${await files({ "/": "dist" })}/${html}`);
  };
const server = (html) =>
  async function serve({ serve: start, page }) {
    const listen = ["--port", "{port}", "--host", "127.0.0.1", "--no-cache", "--no-hmr", "--no-autoinstall"];
    return page(await start(["parcel", "serve", html, ...listen], { ready: /Built in/ }));
  };

export default {
  name: "Parcel 2",
  ways: {
    build: build("index.html"),
    serve: server("index.html"),
    "build, arcgate/verify and arcgate/client": build("parts.html"),
    "serve, arcgate/verify and arcgate/client": server("parts.html"),
  },
};
