import { ready } from "/node_modules/arcgate/index.js";
import { describe } from "./check.mjs";

self.addEventListener("install", (event) => event.waitUntil(self.skipWaiting()));
self.addEventListener("message", (event) => {
  const answer = (line) => event.source.postMessage(line);
  event.waitUntil(
    ready().then(
      () => answer("loaded"),
      (error) => answer(describe(error)),
    ),
  );
});
