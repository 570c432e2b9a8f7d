// Why a module could not be loaded: said by name, with what to do, and whether trying again helps.

import { documents } from "../documentation.js";
import type { LoadingReason } from "../error-codes.js";
import { ArcgateError } from "../errors.js";

/** What came is not the module, or nothing came. The message goes on from the place's name. */
export class Unusable extends TypeError {
  readonly reason: LoadingReason;
  readonly status: number | undefined;

  constructor(reason: LoadingReason, message: string, status?: number, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.reason = reason;
    this.status = status;
  }
}

/** What went wrong first. */
export interface Failure {
  cause: unknown;
  /** Where the module was looked for. */
  place: URL | string | undefined;
}

/** A bundle that is no ES module doesn't know where it is. */
export const nowhere: Failure = {
  cause: new Unusable("bundled-away", "is not in this bundle, which has no place of its own either"),
  place: undefined,
};

/** The error that says why `module` could not be loaded. `canCompile` says whether anything can be compiled here. */
export function loadingError(module: string, { cause, place }: Failure, canCompile: boolean): ArcgateError {
  const url = place === undefined ? undefined : nameOf(place);
  const reason = reasonOf(cause, canCompile);
  const status = cause instanceof Unusable ? cause.status : undefined;
  // Nobody serves a page its files: the same will be said for ever.
  const isPassing = reason === undefined || (reason === "unreachable" && !url?.startsWith("file:"));
  const code = reason === undefined ? "ERR_INTERNAL" : isPassing ? "ERR_NETWORK" : "ERR_CONFIG";
  const why = sentence(reason, cause, url ?? (reason === "bundled-away" ? "it" : "what was given"));
  return new ArcgateError(
    code,
    `the WebAssembly module \`${module}\` could not be loaded: ${why}. See ${documents}bundlers.md#${reason ?? "errors-at-loading"}`,
    {
      retryable: isPassing,
      details: {
        fault: reason === undefined ? "internal" : isPassing ? "peer" : "configuration",
        ...(reason && { reason }),
        ...(url !== undefined && { url }),
        ...(status !== undefined && { status }),
      },
      cause,
    },
  );
}

function reasonOf(cause: unknown, canCompile: boolean): LoadingReason | undefined {
  if (globalThis.WebAssembly === undefined) return "no-webassembly";
  if (!canCompile) return "content-security-policy";
  if (cause instanceof Unusable) return cause.reason;
  const { name, code } = Object(cause);
  if (code === "ENOENT") return "not-found";
  // Compiled or linked it can't be: it is damaged, or was built for another loader.
  if (name === "CompileError" || name === "LinkError") return "wrong-module";
  // How `fetch` says that there is no connection. Whatever else it may be passes, perhaps: memory that is short.
  return name === "TypeError" || name === "ReferenceError" ? "unreachable" : undefined;
}

function sentence(reason: LoadingReason | undefined, cause: unknown, place: string): string {
  switch (reason) {
    case "no-webassembly":
      return "there is no WebAssembly here, or it is switched off (Lockdown Mode)";
    case "content-security-policy":
      return (
        "nothing can be compiled here. A page's Content-Security-Policy needs script-src 'wasm-unsafe-eval'; " +
        "a Worker's bundle has the module as `arcgate/verify.wasm`"
      );
    case undefined:
      return "see the cause; trying again may help";
  }
  if (cause instanceof Unusable) return `${place} ${cause.message}`;
  if (reason === "not-found") return `there is no ${place}`;
  if (reason === "wrong-module") return `${place} can't be compiled for this version's loader`;
  return `${place} can't be reached, or connect-src of the page's Content-Security-Policy lacks it`;
}

// Without what may be secret.
function nameOf(place: URL | string): string {
  return String(place)
    .replace(/^(data:|blob:).*/s, "$1…")
    .replace(/[?#].*/s, "")
    .replace(/(?<=\/\/)[^/@]*@/, "");
}

let isTold = false;

/** Tells the author of a page, once, that it could be cheaper. A server's log is no place for that. */
export function tellPage(module: string, failure: Failure): void {
  if (isTold || failure.place === undefined || !("document" in globalThis)) return;
  isTold = true;
  const { message } = loadingError(module, failure, true);
  console.warn(`arcgate: ${message}. What the bundle has of it inside is used, which is larger.`);
}
