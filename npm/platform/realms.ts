// What things are, whichever realm they come from. A frame, a vm context and jsdom have classes of their own, and what is of one of
// those is no `instanceof` of ours.

/** Whether it is a Uint8Array; a Buffer is one. */
export function isBytes(value: unknown): value is Uint8Array {
  return ArrayBuffer.isView(value) && kindOf(value) === "Uint8Array";
}

/** Whether it is a key of WebCrypto's. */
export function isCryptoKey(value: unknown): value is CryptoKey {
  return kindOf(value) === "CryptoKey" && Array.isArray((value as Partial<CryptoKey>).usages);
}

/** Whether it is bytes in any form that the platform has for them. */
export function isBufferSource(value: unknown): value is BufferSource {
  return ArrayBuffer.isView(value) || /^(?:Shared)?ArrayBuffer$/.test(kindOf(value));
}

/** The name of the platform's class that a value is of. */
function kindOf(value: unknown): string {
  return Object.prototype.toString.call(value).slice("[object ".length, -1);
}
