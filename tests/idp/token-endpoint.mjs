// The provider's token endpoint in the hands of a test: it counts, fails for a while, and loses answers on their way.

export class TokenEndpoint {
  /** How many requests came. */
  count = 0;
  #failing = 0;
  #losing = 0;
  #stalling = 0;
  #stalled = [];
  #waiting = [];

  /** Answers with this status, and does nothing, until called with 0. */
  fail(status = 503) {
    this.#failing = status;
  }

  /** Does what the next requests ask for, and breaks the connection off instead of answering. */
  loseAnswers(count = 1) {
    this.#losing = count;
  }

  /** Holds the next requests back, until `release`. */
  stall(count = 1) {
    this.#stalling = count;
  }

  /** Lets those go on that were held back. */
  release() {
    this.#stalling = 0;
    for (const goOn of this.#stalled.splice(0)) goOn();
  }

  /** Waits until so many requests have come, in all. */
  async reached(count) {
    if (this.count < count) await new Promise((resolve) => this.#waiting.push({ count, resolve }));
  }

  async answer(request, response, handle) {
    this.count += 1;
    for (const { count, resolve } of this.#waiting) if (this.count >= count) resolve();
    if (this.#stalling > 0) {
      this.#stalling -= 1;
      await new Promise((resolve) => this.#stalled.push(resolve));
    }
    if (this.#failing) {
      response.writeHead(this.#failing).end("unavailable");
      return;
    }
    if (this.#losing > 0) {
      this.#losing -= 1;
      response.write = response.end = () => {
        response.destroy();
        return response;
      };
    }
    handle(request, response);
  }
}
