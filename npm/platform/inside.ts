// A module that is inside a bundle: as a text, gzipped and in base64, which is less than half of plain base64 and so below what
// webpack warns of.

import type { ModuleSource } from "./compile.js";
import { Unusable } from "./loading-errors.js";

interface Zlib {
  gunzipSync(bytes: Uint8Array): Uint8Array<ArrayBuffer>;
}

/** Unpacks it. */
export function unpacked(text: string): ModuleSource {
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  // Not by its bare name: of that, Next warns whoever builds for its edge runtime, which never comes here.
  const { DecompressionStream: Streams, Response: Answer } = globalThis;
  if (Streams !== undefined && Answer !== undefined)
    return new Answer(new Blob([bytes]).stream().pipeThrough(new Streams("gzip")));
  // A page that is Node's own invention (jsdom) has no streams.
  const { process } = globalThis as { process?: { getBuiltinModule?(name: string): unknown } };
  const zlib = process?.getBuiltinModule?.("node:zlib") as Zlib | undefined;
  if (zlib === undefined) throw new Unusable("bundled-away", "is packed, and there is no DecompressionStream here");
  return zlib.gunzipSync(bytes);
}
