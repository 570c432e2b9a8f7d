// What ends the command with a sentence in place of a stack.

/** A reason to end. Its message says what to do. */
export class Refused extends Error {
  readonly exitCode: 1 | 2;

  /** `exitCode`: 1 where it failed, 2 where an argument is wrong. */
  constructor(message: string, exitCode: 1 | 2 = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}
