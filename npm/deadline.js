// When the work for a request ends before it is done: the client has gone, its token has ended, or its time is over.

/**
 * Watches a request. `signal` is aborted with a reason whose `outcome` is "expired" or "timeout", and that has none when the
 * client has gone. `leave()` says that it has; `stop()` ends the watch.
 */
export function deadline(request, tokenEndMs, timeoutMs) {
  const abort = new AbortController();
  const leave = () => abort.abort(new DOMException("the client has gone", "AbortError"));
  if (request.signal?.aborted) leave();
  else request.signal?.addEventListener("abort", leave, { once: true });
  const now = Date.now();
  const outcome = tokenEndMs < now + timeoutMs ? "expired" : "timeout";
  const timer = setTimeout(
    () => abort.abort(Object.assign(new DOMException("the time is over", "TimeoutError"), { outcome })),
    Math.max(0, Math.min(tokenEndMs - now, timeoutMs)),
  );
  const stop = () => {
    clearTimeout(timer);
    request.signal?.removeEventListener("abort", leave);
  };
  return { signal: abort.signal, leave, stop };
}
