/** The module, compiled: what Workers' bundlers make of this import. Elsewhere the file is for those who load it themselves. */
declare const module: WebAssembly.Module;
export default module;
