import { everyAnswer } from "../../harness/everyone.mjs";

const look = ({ get, page }, url) =>
  everyAnswer({
    "/server": () => get(`${url}/server`),
    "/api": () => get(`${url}/api`),
    "/client": () => page(`${url}/client`),
  });

const buildAndStart = (env) => async (kit) => {
  await kit.exec(["react-router", "build"], { env });
  const own = { HOST: "127.0.0.1", PORT: "{port}" };
  return look(kit, await kit.serve(["react-router-serve", "build/server/index.js"], { env: own }));
};

export default {
  name: "React Router 8, framework mode",
  ways: {
    "build and serve": buildAndStart({}),
    "build and serve, with noExternal": buildAndStart({ NO_EXTERNAL: "1" }),
    dev: async (kit) => look(kit, await kit.serve(["react-router", "dev", "--host", "127.0.0.1", "--port", "{port}"])),
  },
};
