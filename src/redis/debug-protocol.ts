// DEBUG PROTOCOL: a reply of each type, for tests of clients. The values are Redis's.

import type { Call } from "./call.ts";
import type { Reply } from "./reply.ts";

const UNKNOWN_TYPE =
  "ERR Wrong protocol type name. Please use one of the following: string|integer|double|bignum|" +
  "null|array|set|map|attrib|push|verbatim|true|false";
const NOT_IN_RESP2 = "ERR RESP2 is not supported by this command";

const TEST_REPLIES: Readonly<Record<string, (reply: Reply) => void>> = {
  string: (reply) => reply.bulk("Hello World"),
  integer: (reply) => reply.integer(12345),
  double: (reply) => reply.double(3.141),
  null: (reply) => reply.nil(),
  array(reply) {
    reply.array(3);
    for (let number = 0; number < 3; number++) reply.integer(number);
  },
  set(reply) {
    reply.set(3);
    for (let number = 0; number < 3; number++) reply.integer(number);
  },
  map(reply) {
    reply.map(3);
    for (let number = 0; number < 3; number++) {
      reply.integer(number);
      reply.boolean(number === 1);
    }
  },
  attrib: replyAttribute,
  push: replyPush,
  bignum: (reply) => reply.bigNumber("1234567999999999999999999999999999999"),
  verbatim: (reply) => reply.verbatim("This is a verbatim\nstring"),
  true: (reply) => reply.boolean(true),
  false: (reply) => reply.boolean(false),
};

export function replyTestValue({ args, reply }: Call): void {
  const name = args[2]!.toString("latin1").toLowerCase();
  if (Object.hasOwn(TEST_REPLIES, name)) TEST_REPLIES[name]!(reply);
  else reply.error(UNKNOWN_TYPE);
}

function replyAttribute(reply: Reply): void {
  if (reply.version === 3) {
    reply.attribute(1);
    reply.bulk("key-popularity");
    reply.array(2);
    reply.bulk("key:123");
    reply.integer(90);
  }
  reply.bulk("Some real reply following the attribute");
}

/** A push does not answer, so that a reply has to follow. */
function replyPush(reply: Reply): void {
  if (reply.version === 2) {
    reply.error(NOT_IN_RESP2);
    return;
  }
  reply.push(2);
  reply.bulk("server-cpu-usage");
  reply.integer(42);
  reply.bulk("Some real reply following the push reply");
}
