import { Miniflare } from "miniflare";

const worker = new Miniflare({
  modules: true,
  rootPath: "out",
  scriptPath: process.argv[2],
  modulesRules: [
    { type: "ESModule", include: ["**/*.js"] },
    { type: "CompiledWasm", include: ["**/*.wasm"] },
  ],
  compatibilityDate: "2026-07-01",
});
const response = await worker.dispatchFetch("http://worker.example/");
console.log(await response.text());
await worker.dispose();
