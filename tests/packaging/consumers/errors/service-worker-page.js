import { show } from "./check.mjs";

navigator.serviceWorker.onmessage = ({ data }) => show(data);
navigator.serviceWorker
  .register("service-worker.js", { type: "module" })
  .then(() => navigator.serviceWorker.ready)
  .then(({ active }) => active.postMessage("check"))
  .catch((error) => show(`the service worker: ${error.message}`));
