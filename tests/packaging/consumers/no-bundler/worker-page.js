import { show } from "./check.mjs";

const worker = new Worker("worker.js", { type: "module" });
worker.onmessage = ({ data }) => show(data);
worker.onerror = ({ message }) => show(`the worker: ${message}`);
