// A thread that shows lines again and again: test/server/shared-lines.test.ts.

import { SharedLines } from "../../src/server/shared-lines.ts";

declare const self: Worker;

/** In round `round`, the round's number is shown `round` % 50 times. */
export interface LinesWork {
  readonly buffer: SharedArrayBuffer;
  readonly rounds: number;
}

self.onmessage = ({ data: { buffer, rounds } }: MessageEvent<LinesWork>) => {
  const lines = new SharedLines(buffer, 0, buffer.byteLength);
  for (let round = 1; round <= rounds; round++) {
    lines.write(new Array<string>(round % 50).fill(`${round}`));
  }
  self.postMessage("done");
};
