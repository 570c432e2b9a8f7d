// The provider as a program:  node tests/idp/cli.mjs   (IDP_PORT, 9000; PORT, the Worker's, 8787)

import { startIdp } from "./idp.mjs";

const port = process.env.PORT || "8787";
const hosts = [`http://127.0.0.1:${port}`, `http://localhost:${port}`];

try {
  const idp = await startIdp({
    port: Number(process.env.IDP_PORT || 9000),
    // The last ones are where examples/react and examples/rust-worker have their pages.
    origins: [...hosts, "http://127.0.0.1:5173", "http://127.0.0.1:8791"],
    resources: hosts.flatMap((host) => [`${host}/arc`, `${host}/arcp`]),
  });
  console.log(`OpenID provider: ${idp.issuer}`);
} catch (error) {
  console.error(
    error.code === "EADDRINUSE"
      ? `port ${process.env.IDP_PORT || 9000} is in use: set IDP_PORT to another`
      : String(error),
  );
  process.exit(1);
}
