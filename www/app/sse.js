// Server-sent events out of a body, as they come.

/** Gives `{ event, data, text }` for each; `text` is the event as it was written. */
export async function* events(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let buffer = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      buffer += value;
      for (let end = buffer.indexOf("\n\n"); end >= 0; end = buffer.indexOf("\n\n")) {
        const text = buffer.slice(0, end + 2);
        buffer = buffer.slice(end + 2);
        yield { ...fields(text), text };
      }
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

function fields(text) {
  const pairs = text
    .trimEnd()
    .split("\n")
    .map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1).trimStart()]);
  const { event, data } = Object.fromEntries(pairs);
  return { event, data: JSON.parse(data) };
}
