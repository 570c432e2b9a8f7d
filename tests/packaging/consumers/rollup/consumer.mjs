const html = '<!doctype html><title>Rollup</title><body></body><script type="module" src="/main.js"></script>';

export default {
  name: "Rollup",
  quick: ["build"],
  todo: { build: "it copies no module" },
  ways: {
    async build({ exec, files, page }) {
      await exec(["rollup", "--config"]);
      return page(`${await files({ "/": "dist", "/page": html })}/page`);
    },
  },
};
