// What an agent says, on its way out over ARC: the core checks each event and the result, and remembers what of a text waits.

import { call, callJson } from "../../platform/modules/gate.js";
import { kindOf, utf8Length, type Written, written } from "../../worker/agent-run.js";

/** What the core makes of an event: a part of the answer, or the details of the error that the run ends with. */
interface Said {
  flaw?: Flaw | undefined;
  part: string;
  isPiece: boolean;
  memory: string;
}

/** Why what an agent said can't be passed on. */
export interface Flaw {
  problem: string;
  [detail: string]: unknown;
}

/** The output of one run. `maxBytes` bounds its result. */
export class AgentOutput {
  #maxBytes: number;
  #count = 0;
  #memory = "";
  #hasPieces = false;
  /** The result, once it has been written: whatever writes it is asked once. */
  #written: Written | undefined;
  #pieces: string[] = [];
  #pieceBytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** An event: `{ part, isPiece }`, or `{ flaw }`, the details of the error that the run ends with. */
  event(value: unknown): { flaw: Flaw } | (Said & { flaw?: undefined }) {
    const { text, thrown, bytes } = written(value, call("agentEventBytes"));
    this.#count += 1;
    const said = callJson<Said>("agentEvent", text, kindOf(value), thrown, bytes, this.#count, this.#memory);
    if (said.flaw) return { flaw: said.flaw };
    this.#memory = said.memory;
    this.#hasPieces ||= said.isPiece;
    if (said.isPiece && said.part !== "") {
      this.#pieceBytes += utf8Length(said.part);
      if (this.#pieceBytes > this.#maxBytes)
        return { flaw: JSON.parse(call("agentTooLarge", this.#pieceBytes, this.#maxBytes)) };
    }
    return { ...said, flaw: undefined };
  }

  /** Keeps a part of the result for `result`, where nobody is sent it before. */
  keep(part: string): void {
    if (part !== "") this.#pieces.push(part);
  }

  /** The part in the place of half a character that no piece completed; once. */
  rest(): string {
    const part = call("agentRest", this.#memory);
    this.#memory = "";
    return part;
  }

  /** What the agent returned, as JSON, where that is its result and there is not too much of it. `result` says more. */
  plain(value: unknown): string | undefined {
    if (this.#hasPieces || value === undefined || value === null) return undefined;
    this.#written = written(value, this.#maxBytes);
    return this.#written.text;
  }

  /**
   * How the run ends with what the agent returned: `[outcome, text]` for the core, and the flaw if there is one. Pieces are the
   * result, whatever is returned besides: as over ARCP.
   */
  result(value: unknown): [outcome: string, text: string, flaw?: Flaw] {
    if (this.#hasPieces || value === undefined || value === null) {
      this.keep(this.rest());
      return this.#pieces.length > 0 ? ["pieces", this.#pieces.join(",")] : ["output", "null"];
    }
    const { text, thrown, bytes } = this.#written ?? written(value, this.#maxBytes);
    const read = call("agentResult", text, thrown, bytes, this.#maxBytes);
    if (read === undefined) return ["output", text ?? ""];
    const { text: mended, flaw } = JSON.parse(read);
    return flaw ? ["flawed", JSON.stringify(flaw), flaw] : ["output", mended];
  }
}
