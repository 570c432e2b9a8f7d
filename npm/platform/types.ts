// What the declarations name of the platform. Whoever compiles has it from the DOM's library, from @types/node or from the
// Workers' types, and then these are the same types; with none of them the declarations hold nevertheless.

/* biome-ignore-start lint/suspicious/noEmptyInterface: they add nothing to those that are there */
declare global {
  interface AbortSignal {}
  interface Response {}
  interface URL {}
  namespace WebAssembly {
    interface Module {}
  }
}
/* biome-ignore-end lint/suspicious/noEmptyInterface: they add nothing to those that are there */

// The Workers' types give these type parameters, so that they can't be declared a second time.

/** The platform's `Request`. */
export type PlatformRequest = typeof globalThis extends { Request: { prototype: infer R } } ? R : object;

/** The platform's `RequestInit`. */
export type PlatformRequestInit = typeof globalThis extends { fetch(input: never, init?: infer I): unknown }
  ? NonNullable<I>
  : object;

/** The platform's `fetch`. */
export type PlatformFetch = typeof globalThis extends { fetch: infer F }
  ? F
  : (url: string, init: PlatformRequestInit) => Promise<Response>;

/** A key of WebCrypto's. Node's types and the DOM's have one each, and where both are there neither is the other. */
export interface CryptoKeyLike {
  readonly type: string;
  readonly extractable: boolean;
  readonly algorithm: { readonly name: string };
  readonly usages: readonly string[];
}

/** Where a module of WebAssembly comes from: compiled, as bytes, as the answer that they come in, or the place where they are. */
export type Source = WebAssembly.Module | ArrayBuffer | ArrayBufferView | Response | Promise<Response> | URL | string;
