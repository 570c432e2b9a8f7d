// The conformance suite in Node.

import { readFileSync } from "node:fs";
import { test } from "node:test";
import * as arcgate from "../../pkg/entry.node.js";
import { verify as wasm } from "../../pkg/platform/modules/verify.js";
import { conformance } from "../conformance/suite.mjs";

const read = (name) => JSON.parse(readFileSync(new URL(`../vectors/${name}.json`, import.meta.url), "utf8"));
const vectors = { algorithms: read("algorithms"), rfc: read("rfc") };

for (const { name, run } of conformance({ arcgate, wasm, vectors })) test(name, run);
