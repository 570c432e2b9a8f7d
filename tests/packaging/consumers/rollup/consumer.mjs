const html = '<!doctype html><title>Rollup</title><body></body><script type="module" src="/main.js"></script>';

export default {
  name: "Rollup",
  quick: ["build"],
  ways: {
    async build({ exec, files, page }) {
      await exec(["rollup", "--config"]);
      return page(`${await files({ "/": "dist", "/page": html })}/page`);
    },
    async "build, with the modules beside it"({ exec, shell, documented, files, page }) {
      await exec(["rollup", "--config"]);
      await shell(documented("Rollup and Rolldown"));
      return page(`${await files({ "/": "dist", "/page": html })}/page`, { silent: true });
    },
    async iife({ shell, documented, files, page }) {
      await shell(documented("Rollup and Rolldown", 1));
      const plain = html.replace('type="module" ', "");
      return page(`${await files({ "/": "dist", "/page": plain })}/page`);
    },
  },
};
