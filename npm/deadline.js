// When the work for a request ends before it is done: the client has gone, its token has ended or was revoked, or its time is
// over.

/** How often a long request's token is looked up among the revoked: as often as a live session's. */
const REVOCATION_MS = 4000;

/**
 * Watches a request. `signal` is aborted with a reason whose `outcome` is "expired", "revoked" or "timeout", and that has none
 * when the client has gone. `isRevoked()`, if given, is asked now and then. `leave()` says that the client has gone; `stop()` ends the watch.
 */
export function deadline(request, tokenEndMs, timeoutMs, isRevoked) {
  const abort = new AbortController();
  const over = (outcome) =>
    abort.abort(Object.assign(new DOMException("the time is over", "TimeoutError"), { outcome }));
  const leave = () => abort.abort(new DOMException("the client has gone", "AbortError"));
  if (request.signal?.aborted) leave();
  else request.signal?.addEventListener("abort", leave, { once: true });
  const now = Date.now();
  const outcome = tokenEndMs < now + timeoutMs ? "expired" : "timeout";
  const timer = setTimeout(over, Math.max(0, Math.min(tokenEndMs - now, timeoutMs)), outcome);
  // Where it can't be found out, the token's own end holds.
  const ask = () =>
    isRevoked().then(
      (revoked) => revoked && over("revoked"),
      () => {},
    );
  const asking = isRevoked && setInterval(ask, REVOCATION_MS);
  const stop = () => {
    clearTimeout(timer);
    clearInterval(asking);
    request.signal?.removeEventListener("abort", leave);
  };
  return { signal: abort.signal, leave, stop };
}
