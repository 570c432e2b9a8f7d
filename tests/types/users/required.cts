// CommonJS that requires it, as Node does from 20.19 on.

import arcgate = require("arcgate");
import verify = require("arcgate/verify");
import worker = require("arcgate/worker");

export const verifier: Promise<arcgate.JwtVerifier> = arcgate.JwtVerifier.create({ providers: {} });
export const same: typeof arcgate.JwtVerifier = verify.JwtVerifier;
export const app = worker.createWorker({ verifier: () => verifier });
