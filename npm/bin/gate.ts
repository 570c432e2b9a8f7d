// What `arcgate serve` has workerd run: what a deployment writes by hand.

import { env } from "cloudflare:workers";
import { RevocationStore, workerFromEnv } from "../worker.workerd.js";

const app = workerFromEnv(env);
export default app;
export const { RuntimeHub, SessionHold, revocations } = app;
export { RevocationStore };
