export default {
  ssr: { noExternal: true },
  build: { ssr: "src/server.js" },
};
