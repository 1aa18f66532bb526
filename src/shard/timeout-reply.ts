// What a client gets for a command whose owner has not answered in time.

import { TAG } from "../protocol/v1-replies.ts";

const V1_FRAME = Buffer.from([0, 1, TAG.NOTHING]);
const RESP_LINE = Buffer.from(
  "-TRYAGAIN the thread of this key has not answered in time; the command may yet be executed\r\n",
);

export function timeoutReply(isResp: boolean): Uint8Array {
  return isResp ? RESP_LINE : V1_FRAME;
}
