// The embedded runtime as it would be if it kept nothing: what keeping costs is what lies between the two.

import { createWorker } from "arcgate/worker";
import { readHub } from "../../pkg/arcp/runtime/options.js";
import { runtimeHub } from "../../pkg/arcp/runtime/runtime-hub.js";
import { options } from "./options.mjs";

export default createWorker(options);
export const RuntimeHub = runtimeHub({ ...readHub(options), isKept: false });
