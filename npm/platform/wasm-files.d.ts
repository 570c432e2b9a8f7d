// What is no JavaScript of ours, as the entries import it.

// What Workers' bundlers make of a module's file: the module, compiled.
declare module "*.wasm" {
  const module: WebAssembly.Module;
  export default module;
}

// The same, as bundlers for the `edge-light` runtimes have it.
declare module "*.wasm?module" {
  const module: WebAssembly.Module;
  export default module;
}

// A module as a text, gzipped and in base64, which the build writes.
declare module "*.bytes.js" {
  const bytes: string;
  export default bytes;
}
