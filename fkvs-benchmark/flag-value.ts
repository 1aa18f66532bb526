// The kinds of value that only the load generator's flags have; the others are the server's own
// (src/options/option-value.ts). Each reads text and returns undefined for what is not allowed.

import { suggestName } from "../src/options/nearest-name.ts";
import type { OptionValue } from "../src/options/option-value.ts";
import { PROTOCOLS, TESTS, type Distribution, type ProtocolName, type TestName } from "./plan.ts";

export interface FlagValue<T> extends Pick<OptionValue<T>, "allowedText" | "readText"> {
  /** Stands for the value in the help, with its brackets. */
  readonly argument: string;
  /** What may have been meant, to end the sentence with. */
  suggest?(text: string): string;
}

const RATE_UNITS: ReadonlyMap<string, number> = new Map([
  ["", 1],
  ["k", 1e3],
  ["m", 1e6],
]);
export const THETA_DEFAULT = 0.99;

/** A value that the server's command line knows too. */
export function plain<T>(value: OptionValue<T>): FlagValue<T> {
  const { allowedText, placeholder } = value;
  return { argument: `<${placeholder}>`, allowedText, readText: (text) => value.readText(text) };
}

/** Requests a second. */
export function rate(min: number, max: number): FlagValue<number> {
  return {
    argument: "<rate>",
    allowedText: `a rate from ${min} to ${max}, written 50000, 50k or 1.5m`,
    readText(text) {
      const match = /^(\d+(?:\.\d+)?)([km]?)$/i.exec(text);
      if (match === null) return undefined;
      const perSecond = Number(match[1]) * RATE_UNITS.get(match[2]!.toLowerCase())!;
      return perSecond >= min && perSecond <= max ? perSecond : undefined;
    },
  };
}

/** A number with decimals; the unit is said in the sentence. */
export function decimal(
  placeholder: string,
  unit: string,
  min: number,
  max: number,
): FlagValue<number> {
  return {
    argument: `<${placeholder}>`,
    allowedText: `a number of ${unit} from ${min} to ${max}`,
    readText(text) {
      if (!/^\d+(\.\d+)?$/.test(text)) return undefined;
      const number = Number(text);
      return number >= min && number <= max ? number : undefined;
    },
  };
}

export function testList(): FlagValue<readonly TestName[]> {
  const find = (name: string) => TESTS.find((test) => test === name);
  return {
    argument: "<tests>",
    allowedText: `one or more of ${TESTS.join(", ")} with commas between them`,
    readText(text) {
      const tests = text.split(",").map(find);
      return tests.every((test) => test !== undefined) ? tests : undefined;
    },
    suggest(text) {
      const unknown = text.split(",").find((name) => find(name) === undefined);
      return unknown === undefined ? "" : suggestName(unknown, TESTS);
    },
  };
}

export function protocol(): FlagValue<ProtocolName> {
  return {
    argument: "<name>",
    allowedText: `${PROTOCOLS.slice(0, -1).join(", ")} or ${PROTOCOLS.at(-1)}`,
    readText: (text) => PROTOCOLS.find((name) => name === text),
    suggest: (text) => suggestName(text, PROTOCOLS),
  };
}

export function distribution(): FlagValue<Distribution> {
  return {
    argument: "<how>",
    allowedText:
      `uniform, zipf or zipf:THETA, where THETA is a number above 0 and below 1` +
      ` (${THETA_DEFAULT} if it is left out)`,
    readText(text) {
      if (text === "uniform") return { kind: "uniform" };
      if (text === "zipf") return { kind: "zipf", theta: THETA_DEFAULT };
      const match = /^zipf:(0\.\d+)$/.exec(text);
      const theta = Number(match?.[1]);
      return theta > 0 && theta < 1 ? { kind: "zipf", theta } : undefined;
    },
    suggest: (text) => suggestName(text.replace(/:.*$/s, ""), ["uniform", "zipf"]),
  };
}
