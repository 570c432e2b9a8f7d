// Why a module could not be loaded: said by name, with what to do, and whether trying again helps.

import { documents } from "../documentation.js";
import type { LoadingReason } from "../error-codes.js";
import { ArcgateError } from "../errors.js";

/** What came is not the module, or nothing came. `said` goes on from the place's name. */
export class Unusable extends TypeError {
  readonly reason: LoadingReason;
  readonly said: string;
  readonly status: number | undefined;

  constructor(reason: LoadingReason, said: string, status?: number, cause?: unknown) {
    super(`the module ${said}`, cause === undefined ? undefined : { cause });
    this.reason = reason;
    this.said = said;
    this.status = status;
  }
}

/** What went wrong first. */
export interface Failure {
  cause: unknown;
  /** Where the module was looked for. */
  place: URL | string | undefined;
  /** Whether it was the bytes inside the bundle. */
  isInside?: boolean;
  /** Why the bytes inside the bundle, too, were of no use. */
  inside?: unknown;
}

/** A bundle that is no ES module doesn't know where it is. */
export const nowhere: Failure = {
  cause: new Unusable("bundled-away", "is not in this bundle, which has no place of its own either"),
  place: undefined,
};

/** The error that says why `module` could not be loaded. `canCompile` says whether anything can be compiled here. */
export function loadingError(module: string, failure: Failure, canCompile: boolean): ArcgateError {
  const { cause, place } = failure;
  const url = place === undefined ? undefined : nameOf(place);
  const reason = reasonOf(cause, canCompile);
  const status = cause instanceof Unusable ? cause.status : undefined;
  // Nobody serves a page its files: the same will be said for ever.
  const isPassing = reason === undefined || (reason === "unreachable" && !url?.startsWith("file:"));
  const code = reason === undefined ? "ERR_INTERNAL" : isPassing ? "ERR_NETWORK" : "ERR_CONFIG";
  return new ArcgateError(
    code,
    `the WebAssembly module \`${module}\` could not be loaded: ${whyOf(reason, failure)}. See ${sectionOf(reason, url)}`,
    {
      retryable: isPassing,
      details: {
        fault: reason === undefined ? "internal" : isPassing ? "peer" : "configuration",
        ...(reason && { reason }),
        ...(url !== undefined && { url }),
        ...(status !== undefined && { status }),
      },
      // There is none where nothing was tried.
      cause: reason === "no-webassembly" ? undefined : cause,
    },
  );
}

// The development servers of Vite and of what is built upon it move the JavaScript of what is installed to such a folder, which is
// theirs: nothing is to be copied there.
function sectionOf(reason: LoadingReason | undefined, url: string | undefined): string {
  const isMoved = url !== undefined && /\/\.?vite\/(?:[^?#]*\/)?deps\//.test(url);
  return `${documents}bundlers.md#${isMoved ? "vite" : (reason ?? "errors-at-loading")}`;
}

function whyOf(reason: LoadingReason | undefined, { cause, place, isInside, inside }: Failure): string {
  const given = isInside ? "what is inside the bundle" : reason === "bundled-away" ? "it" : "what was given";
  const why = sentence(reason, cause, place === undefined ? given : nameOf(place));
  if (inside === undefined || reason === "content-security-policy" || reason === "bundled-away") return why;
  const { message = inside } = Object(inside) as { message?: unknown };
  return `${why}. What is inside the bundle was tried, too: ${message}`;
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

/** Whether module and loader don't know each other's names. Those inside a bundle are of one version: there a minifier did it. */
export function isRenamed(cause: unknown): boolean {
  return Object(cause).name === "LinkError";
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
  if (cause instanceof Unusable) return `${place} ${cause.said}`;
  if (reason === "not-found") return `there is no ${place}`;
  if (reason === "wrong-module") {
    const why = isRenamed(cause)
      ? ": it is another version's, or a minifier has renamed properties like `__wbg_…`"
      : "";
    return `${place} can't be compiled for this version's loader${why}`;
  }
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
  const reason = reasonOf(failure.cause, true);
  console.warn(
    `arcgate: all works, by what is inside the bundle of \`${module}\`, which is larger: ${whyOf(reason, failure)}. See ${sectionOf(reason, nameOf(failure.place))}`,
  );
}
