// A Worker with a method such as workers-rs makes of each function that a module exports.

import { WorkerEntrypoint } from "cloudflare:workers";

class Entrypoint extends WorkerEntrypoint {}

Entrypoint.prototype.verify = () => "verified";

export default Entrypoint;
