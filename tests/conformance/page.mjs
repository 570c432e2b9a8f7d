// The suite in a page: the runner asks over WebDriver for the tests' names, and then for one test after the other.

import * as arcgate from "/pkg/entry.web.js";
import { verify as wasm } from "/pkg/platform/modules/verify.js";
import { conformance } from "./suite.mjs";

const read = async (name) => (await fetch(`/vectors/${name}.json`)).json();
const loaded = Promise.all([read("algorithms"), read("rfc")]).then(([algorithms, rfc]) =>
  conformance({ arcgate, wasm, vectors: { algorithms, rfc } }),
);

globalThis.names = async () => (await loaded).map(({ name }) => name);

/** Runs one test; gives what went wrong, or null. */
globalThis.run = async (index) => {
  try {
    await (await loaded)[index].run();
    return null;
  } catch (error) {
    return `${error}\n${error.stack}`;
  }
};
