// Where the verifier and the core meet: a place in the core's memory for a token, one for its signature, and the registers that
// say what the core made of it. Nothing is copied that nobody asked for.

import { memory } from "../platform/modules/verify.js";
import {
  Copies,
  frozenLists,
  frozenPrincipal,
  type Known,
  noLabels,
  onlyPrincipal,
  ownPrincipal,
  type Said,
} from "./known.js";
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
export type Place = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10 | 11 | 12 | 13;

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

/** A part of a text, by its places in memory. Where not all is ASCII, those in the text are others. */
function partOf(bytes: Uint8Array<ArrayBuffer>, text: string, from: number, to: number): string {
  return text.length === bytes.length ? text.slice(from, to) : decoder.decode(bytes.subarray(from, to));
}

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
  #signed!: Uint8Array<ArrayBuffer>;
  #known!: Known;
  #lastHeader: { text: string; value: Record<string, unknown> } = { text: "", value: {} };

  constructor(providers: readonly Provider[]) {
    this.#providers = providers;
  }

  /** Takes a new core; `known` is empty. */
  attach(core: Addresses, known: Known): void {
    this.#core = core;
    this.#input = core.inputPtr();
    this.#signatureAt = core.signaturePtr();
    this.#bytes = undefined;
    this.#known = known;
  }

  /** The core's numbers. Views die when the memory grows, and making them costs more than looking whether it has. */
  registers(): Registers {
    const bytes = memory();
    if (this.#bytes !== bytes) {
      this.#bytes = bytes;
      this.#registers = new Uint32Array(bytes.buffer, this.#core.registersPtr(), at.REGISTERS) as Registers;
      this.#room = bytes.subarray(this.#input, this.#input + at.MAX_INPUT);
      this.#signature = bytes.subarray(this.#signatureAt, this.#signatureAt);
      this.#signed = this.#signature;
    }
    return this.#registers;
  }

  /**
   * Puts a token into the core's memory, or what a request presents, and gives its length. What there is no room for is cut; its
   * length is more than there is room for then.
   */
  write(text: string): number {
    this.registers();
    const { read, written } = encoder.encodeInto(text, this.#room);
    return read < text.length ? at.MAX_INPUT + 1 : written;
  }

  /** The signature that is to be checked. */
  signature(length: number): Uint8Array<ArrayBuffer> {
    if (this.#signature.length !== length) this.#signature = this.#view(this.#signatureAt, length);
    return this.#signature;
  }

  /** What it signs. */
  signed(registers: Registers): Uint8Array<ArrayBuffer> {
    const start = registers[at.SIGNED_AT];
    const length = registers[at.SIGNED_LEN];
    if (this.#signed.length !== length || this.#signed.byteOffset !== start) this.#signed = this.#view(start, length);
    return this.#signed;
  }

  #view(start: number, length: number): Uint8Array<ArrayBuffer> {
    return (this.#bytes as Uint8Array<ArrayBuffer>).subarray(start, start + length);
  }

  /** The name of a good token's provider. */
  providerOf(registers: Registers): string {
    return (this.#providers[registers[at.PROVIDER]] as Provider).name;
  }

  /** What a good token says, as the caller's own objects. `isSeen`: it was seen before, and may well be again. */
  verified(registers: Registers, isSeen: boolean): VerifiedToken {
    const known = this.#known.get(registers[at.SERIAL]);
    if (known?.claims !== undefined && known.header !== undefined) {
      const { provider, expiresAt } = known;
      return {
        claims: known.claims.copy() as VerifiedToken["claims"],
        header: known.header.copy(),
        provider,
        principal: ownPrincipal(known),
        scopes: known.scopes.slice(),
        expiresAt,
      };
    }
    const headerAt = registers[at.CLAIMS_LEN];
    const idAt = headerAt + registers[at.HEADER_LEN];
    const bytes = this.#view(registers[at.TEXT_AT], registers[at.TEXT_LEN]);
    const text = decoder.decode(bytes);
    const said = this.#read(registers, bytes, text, idAt);
    const claimsText = partOf(bytes, text, 0, headerAt);
    const headerText = partOf(bytes, text, headerAt, idAt);
    const { provider, scopes, expiresAt } = said;
    const claims: VerifiedToken["claims"] = JSON.parse(claimsText);
    const header = this.#header(headerText);
    const principal = isSeen ? ownPrincipal(said) : onlyPrincipal(said);
    if (isSeen) this.#known.put(said, bytes.length, new Copies(claimsText), new Copies(headerText));
    return { claims, header, provider, principal, scopes: scopes.slice(), expiresAt };
  }

  /** Who a good token says that it is, in the one form that a principal has. Claims and header are left where they are. */
  principal(registers: Registers, isSeen: boolean): Principal {
    const known = this.#known.get(registers[at.SERIAL]);
    if (known !== undefined) return frozenPrincipal(known, known.lists);
    const said = this.#said(registers, isSeen);
    return frozenPrincipal(said, frozenLists(said));
  }

  /** The same, as the caller's own object. */
  ownPrincipal(registers: Registers, isSeen: boolean): Principal {
    return ownPrincipal(this.#said(registers, isSeen));
  }

  #said(registers: Registers, isSeen: boolean): Said {
    const known = this.#known.get(registers[at.SERIAL]);
    if (known !== undefined) return known;
    const idAt = registers[at.CLAIMS_LEN] + registers[at.HEADER_LEN];
    const bytes = this.#view(registers[at.TEXT_AT] + idAt, registers[at.TEXT_LEN] - idAt);
    const said = this.#read(registers, bytes, decoder.decode(bytes), 0);
    if (isSeen) this.#known.put(said, bytes.length);
    return said;
  }

  // What is said of the principal: `bytes` are `text`, and that begins at `idAt`.
  #read(registers: Registers, bytes: Uint8Array<ArrayBuffer>, text: string, idAt: number): Said {
    const scopesAt = idAt + registers[at.ID_LEN];
    const listAt = scopesAt + registers[at.SCOPES_LEN];
    const { name: provider, issuer: usual, prefix } = this.#providers[registers[at.PROVIDER]] as Provider;
    const id = partOf(bytes, text, idAt, scopesAt);
    const scopesText = partOf(bytes, text, scopesAt, listAt);
    let key = prefix + id;
    let labels = noLabels;
    let issuer = usual;
    let scopes: string[] = scopesText === "" ? [] : scopesText.split("\n");
    if (bytes.length > listAt) {
      const labelsAt = listAt + registers[at.SCOPE_LIST_LEN];
      const keyAt = labelsAt + registers[at.LABELS_LEN];
      const issuerAt = keyAt + registers[at.KEY_LEN];
      if (labelsAt > listAt) scopes = JSON.parse(partOf(bytes, text, listAt, labelsAt));
      if (keyAt > labelsAt) labels = JSON.parse(partOf(bytes, text, labelsAt, keyAt));
      if (issuerAt > keyAt) key = partOf(bytes, text, keyAt, issuerAt);
      // That of the token's tenant.
      if (bytes.length > issuerAt) issuer = partOf(bytes, text, issuerAt, bytes.length);
    }
    const expiresAt = (registers[at.EXPIRES_HIGH] * 4294967296 + registers[at.EXPIRES_LOW]) / 1000;
    return { serial: registers[at.SERIAL], provider, key, issuer, id, labels, scopes, expiresAt };
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
