// What comes back from an agent.

import { chunks, type Watch } from "../../platform/cancellation.js";
import { broken, cleaned, unreachable } from "../../platform/peer-errors.js";

interface Head extends Record<string, unknown> {
  error?: { details?: unknown } | null;
}

/** An answer's text, bounded. */
export async function textOf(
  response: Response,
  limit: number,
  watch: Watch,
  secrets: readonly string[],
): Promise<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const decode = (...chunk: Parameters<TextDecoder["decode"]>) => {
    try {
      return decoder.decode(...chunk);
    } catch {
      throw broken("the answer is not UTF-8");
    }
  };
  let text = "";
  let length = 0;
  try {
    for await (const chunk of chunks(response, watch)) {
      length += chunk.length;
      if (length > limit) {
        const size = `it has ${length} bytes at least, and ${limit} are allowed`;
        throw broken(`the answer is longer than \`limits.maxAnswerBytes\`: ${size}`, { bytes: length, limit });
      }
      text += decode(chunk, { stream: true });
    }
  } catch (thrown) {
    throw unreachable(thrown, secrets);
  }
  return text + decode();
}

/** What the core looks at. Of the result it is the kind alone: the caller gets it as it came. What an error quotes is cleaned. */
export function headOf(answer: unknown, isOk: boolean, secrets: readonly string[]): Head | null {
  if (answer === null || typeof answer !== "object" || Array.isArray(answer)) return null;
  const { arc, id, responseAgent, targetAgent, result, error, message, detail } = answer as Record<string, unknown>;
  const isObject = typeof result === "object" && !Array.isArray(result);
  const kind = result === undefined || result === null ? result : isObject ? {} : 0;
  const said = isOk ? {} : { message, detail };
  return {
    arc,
    id,
    responseAgent,
    targetAgent,
    result: kind,
    ...(cleaned({ error, ...said }, secrets) as Pick<Head, "error">),
  };
}
