// Listeners of servers that have to wait for something: for a request's body, say.

/**
 * A listener of `work(request, response)`. Whoever goes before its request was read leaves nobody to be answered: that is no failure, and
 * as a rejection that nobody sees it would end the whole file of tests.
 */
export const listener = (work) => async (request, response) => {
  try {
    await work(request, response);
  } catch (error) {
    if (request.complete) throw error;
    response.destroy();
  }
};
