export default { entry: ["main.ts"], format: ["esm", "cjs"], noExternal: ["arcgate"], outDir: "out" };
