// From what a module arrives in to the module, compiled: while it arrives, where the server says what it is.

import { version } from "../version.js";
import { Unusable } from "./loading-errors.js";
import { isBufferSource } from "./realms.js";

/** What a module arrives in. */
export type ModuleSource = WebAssembly.Module | BufferSource | Response;

/**
 * Compiles it, and refuses what is not the module that is `wanted`, of this version: in the loader it would stay, and no better one
 * could take its place.
 */
export function compile(
  source: ModuleSource | Promise<ModuleSource>,
  wanted: string,
): WebAssembly.Module | Promise<WebAssembly.Module> {
  return isModule(source) ? checked(source, wanted) : compileLater(source, wanted);
}

async function compileLater(
  source: BufferSource | Response | Promise<ModuleSource>,
  wanted: string,
): Promise<WebAssembly.Module> {
  const arrived: unknown = await source;
  if (isModule(arrived)) return checked(arrived, wanted);
  if (isBufferSource(arrived)) return checked(await compileBytes(arrived), wanted);
  if (isResponse(arrived)) return checked(await compileResponse(arrived), wanted);
  const what = arrived === null || arrived === undefined ? String(arrived) : `of type ${typeof arrived}`;
  throw new Unusable("wrong-module", `is ${what}: no WebAssembly.Module, bytes or Response`);
}

// Not by its own name: bundlers for runtimes that compile nothing look for calls of it, also where none is made.
const engine = () => globalThis.WebAssembly;

async function compileResponse(response: Response): Promise<WebAssembly.Module> {
  const { ok, status, type: kind } = response;
  if (response.bodyUsed || response.body?.locked) throw new Unusable("wrong-module", "was read already");
  if (kind === "opaque" || kind === "opaqueredirect")
    throw new Unusable("wrong-module", "is opaque: fetch it without `no-cors`");
  if (!ok) {
    const isPassing = status >= 500 || [408, 425, 429].includes(status);
    throw new Unusable(isPassing ? "unreachable" : "not-found", `answers with status ${status}`, status);
  }
  const type = response.headers.get("content-type")?.toLowerCase();
  // Only the platform's own can be compiled while it arrives.
  const isStreamed = type === "application/wasm" && response instanceof Response && "compileStreaming" in engine();
  if (isStreamed) return engine().compileStreaming(response);
  return compileBytes(await response.arrayBuffer());
}

async function compileBytes(source: BufferSource): Promise<WebAssembly.Module> {
  const bytes = ArrayBuffer.isView(source)
    ? new Uint8Array(source.buffer, source.byteOffset, source.byteLength)
    : new Uint8Array(source);
  const beginning = String.fromCharCode(...bytes.subarray(0, 64));
  // Engines take no DataView, and some no memory that is shared.
  const isShared = Object.prototype.toString.call(bytes.buffer) === "[object SharedArrayBuffer]";
  if (beginning.startsWith("\0asm")) return engine().compile(isShared ? bytes.slice() : bytes);
  if (/^(?:\xef\xbb\xbf)?\s*</.test(beginning))
    throw new Unusable("html-instead-of-the-module", "is HTML: a page, in place of what is not there");
  throw new Unusable("wrong-module", "is no WebAssembly");
}

/** Whether anything can be compiled here: a page's Content-Security-Policy may forbid it, and some runtimes do. */
export async function canCompile(): Promise<boolean> {
  try {
    await engine().compile(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0));
    return true;
  } catch {
    return false;
  }
}

// What is of another realm is taken, too.
function isModule(source: unknown): source is WebAssembly.Module {
  return Object.prototype.toString.call(source) === "[object WebAssembly.Module]";
}

function isResponse(source: unknown): source is Response {
  return typeof source === "object" && source !== null && "arrayBuffer" in source && "headers" in source;
}

// Each module says in a section of its own which it is.
function checked(module: WebAssembly.Module, wanted: string): WebAssembly.Module {
  const [section] = engine().Module.customSections(module, "arcgate");
  const found = section === undefined ? "none of arcgate's" : new TextDecoder().decode(section);
  const needed = `${wanted} ${version}`;
  if (found !== needed) throw new Unusable("wrong-module", `is ${found}, and not ${needed}`);
  return module;
}
