import { isMainThread, parentPort, Worker } from "node:worker_threads";
import { JwtVerifier, TokenManager } from "arcgate";
import { check } from "./check.mjs";

if (isMainThread) new Worker(new URL(import.meta.url)).on("message", (line) => console.log(line));
else parentPort.postMessage(await check({ JwtVerifier, TokenManager }));
