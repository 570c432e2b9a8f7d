// What Workers' bundlers make of a module's file: the module, compiled.

declare module "*.wasm" {
  const module: WebAssembly.Module;
  export default module;
}
