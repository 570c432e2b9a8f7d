// What is a trap: the module has broken off in the middle of its work, and nothing that it holds can be trusted any more.

/** Whether a call into a module ended in a trap, or an earlier one did. An error of JavaScript's own is none, whatever its class. */
export function isTrap(thrown: unknown): boolean {
  return thrown instanceof WebAssembly.RuntimeError || isOverflowInside(thrown) || isBrokenOff(thrown);
}

// Where the stack was at its end, nobody could tell of the trap any more. But what was borrowed then stays so: in no other way is it
// borrowed when a call comes, for the module calls nobody who would call it.
function isBrokenOff(thrown: unknown): boolean {
  return thrown instanceof Error && BORROWED.test(thrown.message);
}

const BORROWED = /^(?:recursive use of an object detected|attempted to take ownership of Rust value)/;

// The stack has come to its end inside the module: V8 and JavaScriptCore throw a RangeError then, Firefox an InternalError. Where
// the stack began to be too deep is told by the innermost frames; without any it may have been the module.
function isOverflowInside(thrown: unknown): boolean {
  if (!(thrown instanceof Error) || !/^(?:Maximum call stack size exceeded|too much recursion)/.test(thrown.message))
    return false;
  const frames = String(thrown.stack).split("\n").filter(isFrame);
  return frames.length === 0 || frames.slice(0, INNERMOST).some((frame) => /wasm-function|\[wasm code\]/.test(frame));
}

// What the module calls of JavaScript is a few frames deep.
const INNERMOST = 4;

// V8 writes `    at name (place)`, the others `name@place`.
function isFrame(line: string): boolean {
  return /^\s+at |@/.test(line);
}
