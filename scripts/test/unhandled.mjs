// Loaded before a test file: where an error comes from that nobody awaited. node:test says only its message, when the tests are over.

import { inspect } from "node:util";

const say = (what, error) => process.stderr.write(`${what}: ${inspect(error)}\n`);

// Without a listener the process ends, and says the stack by itself. So these speak only beside another one.
process.on("uncaughtExceptionMonitor", (error) => {
  if (process.listenerCount("uncaughtException") > 0) say("uncaught", error);
});

const onRejection = (error) => say("unhandled rejection", error);
const EVENT = "unhandledRejection";
process.on("newListener", (event, listener) => {
  if (event !== EVENT || listener === onRejection || process.listeners(EVENT).includes(onRejection)) return;
  process.on(EVENT, onRejection);
});
process.on("removeListener", (event) => {
  if (event === EVENT && process.listenerCount(EVENT) === 1) process.off(EVENT, onRejection);
});
