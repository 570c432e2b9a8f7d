import { everyAnswer } from "../../harness/everyone.mjs";

const env = { WRANGLER_SEND_METRICS: "false" };

const look = ({ get, page }, url) =>
  everyAnswer({
    "the Worker": () => get(`${url}/api`),
    "its pages": () => page(`${url}/`),
  });

const at = ["--host", "127.0.0.1", "--port", "{port}", "--strictPort"];

export default {
  name: "Workers, by Vite",
  ways: {
    async "build and preview"(kit) {
      await kit.exec(["vite", "build"], { env });
      return look(kit, await kit.serve(["vite", "preview", ...at], { env }));
    },
    dev: async (kit) => look(kit, await kit.serve(["vite", "dev", ...at], { env })),
  },
};
