// Assertions for every runtime that the suite runs in.

export const assert = {
  ok(value, message = "expected something true") {
    if (!value) throw new Error(message);
  },

  equal(actual, expected, message = "") {
    if (!Object.is(actual, expected))
      throw new Error(`${message} expected ${show(expected)}, got ${show(actual)}`.trim());
  },

  /** Compares as JSON, members in any order. */
  same(actual, expected, message = "") {
    const [one, other] = [show(actual), show(expected)];
    if (one !== other) throw new Error(`${message} expected ${other}, got ${one}`.trim());
  },

  match(text, pattern, message = "") {
    if (!pattern.test(text)) throw new Error(`${message} ${show(text)} does not match ${pattern}`.trim());
  },

  /** That a promise is refused with an ArcgateError of this code (or one of these), and gives the error. */
  async refused(promise, codes, pattern = /./) {
    let value;
    try {
      value = await promise;
    } catch (error) {
      const wanted = [codes].flat();
      if (error?.name !== "ArcgateError" || !wanted.includes(error.code)) {
        throw new Error(`expected ${wanted.join(" or ")}, got ${error?.code ?? ""} ${error?.stack ?? error}`, {
          cause: error,
        });
      }
      assert.match(error.message, pattern, `the message of ${error.code}:`);
      return error;
    }
    throw new Error(`expected ${codes}, but it went through: ${show(value)}`);
  },
};

function show(value) {
  const sorted = (_, part) =>
    part && typeof part === "object" && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part;
  return JSON.stringify(value, sorted) ?? String(value);
}
