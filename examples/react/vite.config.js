import { realpathSync } from "node:fs";
import { defineConfig } from "vite";
import { session } from "./server.js";

const { GATE = "http://127.0.0.1:8787" } = process.env;

export default defineConfig({
  plugins: [session()],
  build: { target: "es2022", rolldownOptions: { input: ["index.html", "callback-source.html"] } },
  server: {
    host: "127.0.0.1",
    // Here the package is a link to what was built; one from a registry needs no such leave.
    fs: { allow: [".", realpathSync(new URL("node_modules/arcgate", import.meta.url))] },
    // The gate in front of the agents, under the page's own origin: neither sees another one.
    proxy: {
      "/arcp": { target: GATE, ws: true, changeOrigin: true, headers: { origin: GATE } },
      "/arc": { target: GATE, changeOrigin: true, headers: { origin: GATE } },
    },
  },
});
