// What the operator wrote and the program cannot accept.
//
// The message is one sentence on one line, without a full stop: it names the option the way it was
// written, the value, and what is allowed. The entry point prints it and ends with `exitCode`; a
// stack would only tell where the parser stood.

import { escapeControls } from "../lib/log.ts";

/** As most command-line programs answer wrong usage. */
const EXIT_CODE_USAGE = 2;

export class OptionError extends Error {
  override readonly name = "OptionError";
  readonly exitCode = EXIT_CODE_USAGE;

  constructor(sentence: string) {
    super(escapeControls(sentence));
  }
}
