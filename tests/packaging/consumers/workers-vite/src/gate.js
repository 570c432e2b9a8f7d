import { workerFromEnv } from "arcgate/worker";

export default workerFromEnv({});
