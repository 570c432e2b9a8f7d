// What wakes the objects of a class of hubs: a Worker of a test's, or of a benchmark's, counts it.

/** The class, which counts what the platform calls: objects `made`, `messages`, and alarms that went off (`wakings`). */
export const woken = (RuntimeHub, counts) =>
  class extends RuntimeHub {
    constructor(state, env) {
      super(state, env);
      counts.made += 1;
    }

    webSocketMessage(...told) {
      counts.messages += 1;
      return super.webSocketMessage(...told);
    }

    alarm() {
      counts.wakings += 1;
      return super.alarm();
    }
  };

/** The Worker, which tells at /counts what was counted. */
export const telling = (app, counts) => ({
  fetch(request, env, ctx) {
    return new URL(request.url).pathname === "/counts" ? Response.json(counts) : app.fetch(request, env, ctx);
  },
});
