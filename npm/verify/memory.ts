// Where the verifier and the core meet: a place in the core's memory for a token, one for its signature, and the registers that
// say what the core made of it. Nothing is copied that nobody asked for.

import { memory } from "../platform/modules/verify.js";
import * as at from "./numbers.js";
import type { Principal, VerifiedToken } from "./types.js";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** What is needed of the core. */
interface Addresses {
  inputPtr(): number;
  signaturePtr(): number;
  registersPtr(): number;
}

/** Where a register is. */
export type Place = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10 | 11 | 12;

/** The core's numbers: what is read at another place than one of theirs is none. */
export type Registers = Uint32Array<ArrayBuffer> & { readonly [place in Place]: number };

/** So many numbers an algorithm may have. */
export const ALGORITHMS = 1 << at.ALGORITHM_BITS;

/** The number of a handle's algorithm. */
export const algorithmOf = (handle: number): number => handle & (ALGORITHMS - 1);

/** A provider, by its place among the verifier's. */
export interface Provider {
  readonly name: string;
  readonly issuer: string;
  /** How its principals' keys begin. */
  prefix: string;
}

/** A good token of which only the principal was wanted. */
export type Identified = Pick<VerifiedToken, "provider" | "principal">;

/** One verifier's part of the core's memory. */
export class VerifierMemory {
  #providers: readonly Provider[];
  #core!: Addresses;
  #input = 0;
  #signatureAt = 0;
  #bytes: Uint8Array<ArrayBuffer> | undefined;
  #registers!: Registers;
  #room!: Uint8Array<ArrayBuffer>;
  #signature!: Uint8Array<ArrayBuffer>;
  #lastHeader: { text: string; value: Record<string, unknown> } = { text: "", value: {} };

  constructor(providers: readonly Provider[]) {
    this.#providers = providers;
  }

  /** Takes a new core. */
  attach(core: Addresses): void {
    this.#core = core;
    this.#input = core.inputPtr();
    this.#signatureAt = core.signaturePtr();
    this.#bytes = undefined;
  }

  /** The core's numbers. Views die when the memory grows, and making them costs more than looking whether it has. */
  registers(): Registers {
    const bytes = memory();
    if (this.#bytes !== bytes) {
      this.#bytes = bytes;
      this.#registers = new Uint32Array(bytes.buffer, this.#core.registersPtr(), at.REGISTERS) as Registers;
      this.#room = bytes.subarray(this.#input, this.#input + at.MAX_TOKEN + 1);
      this.#signature = bytes.subarray(this.#signatureAt, this.#signatureAt);
    }
    return this.#registers;
  }

  /** Puts the token into the core's memory and gives its length. What is too long is cut, and so refused. */
  write(token: string): number {
    this.registers();
    const { read, written } = encoder.encodeInto(token, this.#room);
    return read < token.length ? at.MAX_TOKEN + 1 : written;
  }

  /** The signature that is to be checked. */
  signature(length: number): Uint8Array<ArrayBuffer> {
    if (this.#signature.length !== length) {
      this.#signature = (this.#bytes as Uint8Array<ArrayBuffer>).subarray(
        this.#signatureAt,
        this.#signatureAt + length,
      );
    }
    return this.#signature;
  }

  /** What it signs: the beginning of the token. */
  signed(length: number): Uint8Array<ArrayBuffer> {
    return (this.#bytes as Uint8Array<ArrayBuffer>).subarray(this.#input, this.#input + length);
  }

  /**
   * What the core wrote down about a token, as the caller's own objects. Where the principal is all that is wanted, claims and
   * header are left where they are.
   */
  verified(registers: Registers, wantsClaims: boolean): VerifiedToken | Identified {
    const headerAt = wantsClaims ? registers[at.CLAIMS_LEN] : 0;
    const idAt = wantsClaims ? headerAt + registers[at.HEADER_LEN] : 0;
    const scopesAt = idAt + registers[at.ID_LEN];
    const listAt = scopesAt + registers[at.SCOPES_LEN];
    const labelsAt = listAt + registers[at.SCOPE_LIST_LEN];
    const keyAt = labelsAt + registers[at.LABELS_LEN];
    const issuerAt = keyAt + registers[at.KEY_LEN];
    const end = issuerAt + registers[at.ISSUER_LEN];
    const start = registers[at.TEXT_AT] + registers[at.TEXT_LEN] - end;
    const { name, issuer: usual, prefix } = this.#providers[registers[at.PROVIDER]] as Provider;
    const expiresAt = (registers[at.EXPIRES_HIGH] * 4294967296 + registers[at.EXPIRES_LOW]) / 1000;
    const bytes = (this.#bytes as Uint8Array<ArrayBuffer>).subarray(start, start + end);
    const text = decoder.decode(bytes);
    // Where not all is ASCII, places in the text are not places in memory.
    const isAscii = text.length === end;
    const id = isAscii ? text.slice(idAt, scopesAt) : decoder.decode(bytes.subarray(idAt, scopesAt));
    const scopesText = isAscii ? text.slice(scopesAt, listAt) : decoder.decode(bytes.subarray(scopesAt, listAt));
    let key = prefix + id;
    let labels: Record<string, string> = {};
    let issuer = usual;
    let scopes: string[] = scopesText === "" ? [] : scopesText.split("\n");
    if (end > listAt) {
      if (labelsAt > listAt) scopes = JSON.parse(decoder.decode(bytes.subarray(listAt, labelsAt)));
      if (keyAt > labelsAt) labels = JSON.parse(decoder.decode(bytes.subarray(labelsAt, keyAt)));
      if (issuerAt > keyAt) key = decoder.decode(bytes.subarray(keyAt, issuerAt));
      // That of the token's tenant.
      if (end > issuerAt) issuer = decoder.decode(bytes.subarray(issuerAt, end));
    }
    const principal: Principal = { key, kind: "jwt", issuer, id, labels, scopes, expiresAt };
    if (!wantsClaims) return { provider: name, principal };
    const claims = JSON.parse(isAscii ? text.slice(0, headerAt) : decoder.decode(bytes.subarray(0, headerAt)));
    const header = this.#header(isAscii ? text.slice(headerAt, idAt) : decoder.decode(bytes.subarray(headerAt, idAt)));
    return { claims, header, provider: name, principal, scopes: scopes.slice(), expiresAt };
  }

  // One header is most often like the last one, and flat: then a copy of that is enough.
  #header(text: string): Record<string, unknown> {
    if (text === this.#lastHeader.text) return { ...this.#lastHeader.value };
    const value = JSON.parse(text);
    if (Object.values(value).every((member) => typeof member === "string"))
      this.#lastHeader = { text, value: { ...value } };
    return value;
  }
}
