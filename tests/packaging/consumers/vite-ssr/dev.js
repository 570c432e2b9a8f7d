import { createServer } from "vite";

const vite = await createServer({ server: { middlewareMode: true, ws: false }, appType: "custom" });
const { render } = await vite.ssrLoadModule("/src/server.js");
console.log(await render());
await vite.close();
