import { TokenManager } from "/node_modules/arcgate/client.js";
import { JwtVerifier } from "/node_modules/arcgate/verify.js";
import { check } from "./check.mjs";

self.addEventListener("install", (event) => event.waitUntil(self.skipWaiting()));
self.addEventListener("message", (event) =>
  event.waitUntil(check({ JwtVerifier, TokenManager }).then((line) => event.source.postMessage(line))),
);
