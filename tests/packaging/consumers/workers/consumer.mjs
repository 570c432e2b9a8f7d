const env = { WRANGLER_SEND_METRICS: "false" };

const dev =
  (name) =>
  async ({ serve, get }) => {
    const command = ["wrangler", "dev", name, "--ip", "127.0.0.1", "--port", "{port}"];
    return get(await serve(command, { env, ready: /Ready on/ }));
  };

/** What would be deployed, run by Miniflare. */
const deployed =
  (name) =>
  async ({ exec }) => {
    await exec(["wrangler", "deploy", name, "--dry-run", "--outdir", "out"], { env });
    return exec(["node", "miniflare.mjs", name]);
  };

async function byItself({ exec, write, serve, get, documented }) {
  await exec(["sh", "-c", documented("workerd by itself", 0)]);
  write("config.capnp", documented("workerd by itself", 1));
  const command = ["workerd", "serve", "config.capnp", "--socket-addr", "http=127.0.0.1:{port}", "--control-fd=1"];
  return get(await serve(command));
}

export default {
  name: "Workers",
  ways: {
    "wrangler dev": dev("index.js"),
    "wrangler dev, arcgate/verify and arcgate/client": dev("verify-and-client.js"),
    "wrangler deploy": deployed("index.js"),
    "wrangler deploy, arcgate/verify and arcgate/client": deployed("verify-and-client.js"),
    "workerd by itself": byItself,
  },
};
