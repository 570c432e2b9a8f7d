import { env } from "cloudflare:workers";
import { RevocationStore, workerFromEnv } from "arcgate/worker";

const app = workerFromEnv(env);
export default app;
export const { RuntimeHub, SessionHold, revocations } = app;
export { RevocationStore };
