// The replies of RESP2 to the commands that traffic consists of, and to a few of the others, from a
// Map. For streams in which both kinds are mixed.

import type { Random } from "./random.ts";

export const OK = "+OK\r\n";
export const NIL = "$-1\r\n";
export const bulk = (text: string): string => `$${text.length}\r\n${text}\r\n`;
export const integer = (value: number): string => `:${value}\r\n`;
export const array = (replies: readonly string[]): string =>
  `*${replies.length}\r\n${replies.join("")}`;

const NO_INTEGER = "-ERR value is not an integer or out of range\r\n";

export class RespModel {
  readonly #values = new Map<string, string>();

  /** Executes a command that `randomCommand` made; the bytes of its reply. */
  execute([name, ...args]: readonly string[]): string {
    const [key, value] = args as [string, string];
    const values = this.#values;
    switch (name) {
      case "GET":
        return this.#get(key);
      case "SET":
        values.set(key, value);
        return OK;
      case "MGET":
        return array(args.map((each) => this.#get(each)));
      case "MSET":
        for (let i = 0; i < args.length; i += 2) values.set(args[i]!, args[i + 1]!);
        return OK;
      case "INCR":
        return this.#increment(key);
      case "DEL":
        return integer(args.filter((each) => values.delete(each)).length);
      case "EXISTS":
        return integer(args.filter((each) => values.has(each)).length);
      case "PING":
        return "+PONG\r\n";
      default:
        return this.#executeOrdinary(name!, key, value);
    }
  }

  #executeOrdinary(name: string, key: string, value: string): string {
    const old = this.#values.get(key);
    switch (name) {
      case "APPEND":
        this.#values.set(key, (old ?? "") + value);
        return integer((old ?? "").length + value.length);
      case "STRLEN":
        return integer((old ?? "").length);
      case "SETNX":
        if (old === undefined) this.#values.set(key, value);
        return integer(old === undefined ? 1 : 0);
      case "GETSET":
        this.#values.set(key, value);
        return old === undefined ? NIL : bulk(old);
      case "ECHO":
        return bulk(key);
      default:
        throw new Error(`the model does not know ${name}`);
    }
  }

  #get(key: string): string {
    const value = this.#values.get(key);
    return value === undefined ? NIL : bulk(value);
  }

  #increment(key: string): string {
    const value = this.#values.get(key) ?? "0";
    if (!/^(0|-?[1-9]\d{0,14})$/.test(value)) return NO_INTEGER;
    this.#values.set(key, `${Number(value) + 1}`);
    return integer(Number(value) + 1);
  }
}

const HOT = ["GET", "SET", "MGET", "MSET", "INCR", "DEL", "EXISTS", "PING"] as const;
const ORDINARY = ["APPEND", "STRLEN", "SETNX", "GETSET", "ECHO"] as const;
const KEY_COUNT = 12;
const KEYS_PER_COMMAND_MAX = 90;

/** A command of few keys or many; one in `ordinaryOneIn` is none of the hot ones. */
export function randomCommand(random: Random, ordinaryOneIn: number, keyPrefix = ""): string[] {
  const keyOf = (): string => `${keyPrefix}k${random.below(KEY_COUNT)}`;
  const valueOf = (): string => {
    if (random.oneIn(3)) return `${random.below(1000)}`;
    return random.text(random.below(random.oneIn(10) ? 2000 : 30));
  };
  const countMax = random.oneIn(10) ? KEYS_PER_COMMAND_MAX : 4;
  const many = Array.from({ length: random.between(1, countMax) }, keyOf);
  const name = random.oneIn(ordinaryOneIn) ? random.pick(ORDINARY) : random.pick(HOT);
  switch (name) {
    case "PING":
      return [name];
    case "GET":
    case "INCR":
    case "STRLEN":
      return [name, keyOf()];
    case "ECHO":
      return [name, valueOf()];
    case "MGET":
    case "DEL":
    case "EXISTS":
      return [name, ...many];
    case "MSET":
      return [name, ...many.flatMap((key) => [key, valueOf()])];
    default:
      return [name, keyOf(), valueOf()];
  }
}
