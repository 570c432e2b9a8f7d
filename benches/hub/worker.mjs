// The embedded runtime as everybody has it: what happens in it is kept.

import { createWorker } from "arcgate/worker";
import { options } from "./options.mjs";

const app = createWorker(options);

export default app;
export const RuntimeHub = app.RuntimeHub;
