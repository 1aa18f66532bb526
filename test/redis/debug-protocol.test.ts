import { expect, test } from "bun:test";
import { replyTestValue } from "../../src/redis/debug-protocol.ts";
import { createRedisFixture } from "../support/redis-fixture.ts";

const NUMBERS = ":0\r\n:1\r\n:2\r\n";
const ATTRIBUTED = "$39\r\nSome real reply following the attribute\r\n";
const PUSHED = "$40\r\nSome real reply following the push reply\r\n";
const BIG_NUMBER = "1234567999999999999999999999999999999";

function run(version: 2 | 3, type: string): string {
  const fixture = createRedisFixture({ debug: replyTestValue });
  const client = fixture.client();
  client.version = version;
  return fixture.run(client, "DEBUG", "PROTOCOL", type);
}

// The replies of redis-server 7.0.15.
test.each([
  ["string", "$11\r\nHello World\r\n", "$11\r\nHello World\r\n"],
  ["STRING", "$11\r\nHello World\r\n", "$11\r\nHello World\r\n"],
  ["integer", ":12345\r\n", ":12345\r\n"],
  ["double", "$5\r\n3.141\r\n", ",3.141\r\n"],
  ["null", "$-1\r\n", "_\r\n"],
  ["array", `*3\r\n${NUMBERS}`, `*3\r\n${NUMBERS}`],
  ["set", `*3\r\n${NUMBERS}`, `~3\r\n${NUMBERS}`],
  [
    "map",
    "*6\r\n:0\r\n:0\r\n:1\r\n:1\r\n:2\r\n:0\r\n",
    "%3\r\n:0\r\n#f\r\n:1\r\n#t\r\n:2\r\n#f\r\n",
  ],
  [
    "attrib",
    ATTRIBUTED,
    `|1\r\n$14\r\nkey-popularity\r\n*2\r\n$7\r\nkey:123\r\n:90\r\n${ATTRIBUTED}`,
  ],
  [
    "push",
    "-ERR RESP2 is not supported by this command\r\n",
    `>2\r\n$16\r\nserver-cpu-usage\r\n:42\r\n${PUSHED}`,
  ],
  [
    "verbatim",
    "$25\r\nThis is a verbatim\nstring\r\n",
    "=29\r\ntxt:This is a verbatim\nstring\r\n",
  ],
  ["true", ":1\r\n", "#t\r\n"],
  ["false", ":0\r\n", "#f\r\n"],
  ["bignum", `$37\r\n${BIG_NUMBER}\r\n`, `(${BIG_NUMBER}\r\n`],
])("DEBUG PROTOCOL %s is written in both protocols", (type, second, third) => {
  expect([run(2, type), run(3, type)]).toEqual([second, third]);
});

test.each(["nope", "constructor", ""])("DEBUG PROTOCOL refuses %p", (type) => {
  expect(run(2, type)).toBe(
    "-ERR Wrong protocol type name. Please use one of the following: " +
      "string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|false\r\n",
  );
});
