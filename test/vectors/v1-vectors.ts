// Reads v1.txt, whose head explains its form, and judges replies by it.

import { readFileSync } from "node:fs";
import { OPCODE } from "../../src/protocol/opcode.ts";
import { reply, textIn } from "../support/v1-frames.ts";

export interface Exchange {
  readonly scenario: string;
  readonly request: Buffer;
  readonly reply: Buffer;
}

const OPCODE_OFFSET = 2;

export function readVectors(): Exchange[] {
  const exchanges: Exchange[] = [];
  let scenario = "";
  let request: Buffer = Buffer.alloc(0);
  const stretches = new Map<string, string>();
  const bytesOf = (text: string): Buffer => {
    const hex = text.replace(/\{(\w)\}/g, (_, letter: string) => stretches.get(letter)!);
    return Buffer.from(hex, "hex");
  };
  for (const line of readFileSync(new URL("./v1.txt", import.meta.url), "utf8").split("\n")) {
    const text = line.slice(2);
    if (line.startsWith("= ")) {
      scenario = text;
      stretches.clear();
    } else if (line.startsWith("@ ")) {
      stretches.set(text[0]!, text.slice(2));
    } else if (line.startsWith("> ")) {
      request = bytesOf(text);
    } else if (line.startsWith("< ")) {
      exchanges.push({ scenario, request, reply: bytesOf(text) });
    }
  }
  return exchanges;
}

/** The recorded reply, or what stands for it when no time passed between setting and asking. */
export function expectedReply(exchange: Exchange, actual: Buffer | undefined): Buffer {
  const recorded = exchange.reply;
  if (exchange.request[OPCODE_OFFSET] !== OPCODE.TTL || actual === undefined) return recorded;
  const seconds = Number(textIn(recorded));
  const oneMore = reply.value(seconds + 1);
  return seconds >= 0 && actual.equals(oneMore) ? oneMore : recorded;
}
