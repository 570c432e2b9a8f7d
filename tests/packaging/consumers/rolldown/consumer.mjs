const html = '<!doctype html><title>Rolldown</title><body></body><script type="module" src="/main.js"></script>';

export default {
  name: "Rolldown",
  todo: { build: "it copies no module" },
  ways: {
    async build({ exec, files, page }) {
      await exec(["rolldown", "--config"]);
      return page(`${await files({ "/": "dist", "/page": html })}/page`);
    },
  },
};
