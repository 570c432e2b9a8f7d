const html = '<!doctype html><title>Rolldown</title><body></body><script type="module" src="/main.js"></script>';

export default {
  name: "Rolldown",
  ways: {
    async build({ exec, files, page }) {
      await exec(["rolldown", "--config"]);
      return page(`${await files({ "/": "dist", "/page": html })}/page`);
    },
    async "build, with the modules beside it"({ exec, shell, documented, files, page }) {
      await exec(["rolldown", "--config"]);
      await shell(documented("Rollup and Rolldown"));
      return page(`${await files({ "/": "dist", "/page": html })}/page`, { silent: true });
    },
    async iife({ exec, files, page }) {
      await exec(["rolldown", "--config", "--format", "iife"]);
      const plain = html.replace('type="module" ', "");
      return page(`${await files({ "/": "dist", "/page": plain })}/page`);
    },
  },
};
