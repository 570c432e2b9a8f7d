import { context } from "esbuild";

const building = await context({ entryPoints: ["app/main.js"], bundle: true, format: "esm", outdir: "dist" });
const { port } = await building.serve({ servedir: ".", host: "127.0.0.1", port: Number(process.env.PORT) });
console.log(`listening on :${port}`);
