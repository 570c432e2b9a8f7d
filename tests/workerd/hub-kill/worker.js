// What is killed.

import "../../../pkg/entry.workerd.js";
import { createWorker } from "../../../pkg/worker.workerd.js";
import { options } from "./options.js";

const app = createWorker(options);
export const { RuntimeHub } = app;
export default app;
