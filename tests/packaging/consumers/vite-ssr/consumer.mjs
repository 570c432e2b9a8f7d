export default {
  name: "Vite 7, server side",
  ways: {
    async "build with noExternal"({ exec, serve, get }) {
      await exec(["vite", "build"]);
      return get(await serve(["node", "dist/server.js"], { env: { PORT: "{port}" } }));
    },
    "ssrLoadModule with noExternal": ({ exec }) => exec(["node", "dev.js"]),
  },
};
