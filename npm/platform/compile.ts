// From what a module arrives in to the module, compiled: while it arrives, where the server says what it is.

/** What a module arrives in. */
export type ModuleSource = WebAssembly.Module | BufferSource | Response;

/** Compiles it. Refuses what is none of this package's: in the loader it would stay, and no better one could take its place. */
export function compile(
  source: ModuleSource | Promise<ModuleSource>,
): WebAssembly.Module | Promise<WebAssembly.Module> {
  return source instanceof WebAssembly.Module ? checked(source) : compileLater(source);
}

async function compileLater(source: ModuleSource | Promise<ModuleSource>): Promise<WebAssembly.Module> {
  const arrived = await source;
  if (isModule(arrived)) return checked(arrived);
  return checked(await (isResponse(arrived) ? compileResponse(arrived) : WebAssembly.compile(arrived)));
}

async function compileResponse(response: Response): Promise<WebAssembly.Module> {
  if (!response.ok) throw new TypeError(`the server answers with status ${response.status}`);
  const type = response.headers.get("content-type")?.toLowerCase();
  if (type === "application/wasm" && "compileStreaming" in WebAssembly) return WebAssembly.compileStreaming(response);
  return WebAssembly.compile(await response.arrayBuffer());
}

// What is of another realm is taken, too.
function isModule(source: ModuleSource): source is WebAssembly.Module {
  return Object.prototype.toString.call(source) === "[object WebAssembly.Module]";
}

function isResponse(source: BufferSource | Response): source is Response {
  return "arrayBuffer" in source;
}

// What it imports is checked when it is linked. One that imports nothing would pass there.
function checked(module: WebAssembly.Module): WebAssembly.Module {
  const isOurs = WebAssembly.Module.exports(module).some(({ name }) => name === "__wbindgen_start");
  if (!isOurs) throw new TypeError("it is no module of this package");
  return module;
}
