// Divides TypeScript source into its code and its comments, so that a check of the one is not
// misled by the other, or by text. All three are equally long, and nothing moves:
//
//   source     const open = "{"; // a brace
//   code       const open = " ";
//   comments                     // a brace

export interface SourceParts {
  readonly code: string;
  readonly comments: string;
}

export function divideSource(source: string): SourceParts {
  return new SourceDivider(source).divide();
}

/** Line of a position, counted from 1. */
export function lineAt(source: string, position: number): number {
  return source.slice(0, position).split("\n").length;
}

/** A slash behind one of these begins a regular expression; behind anything else it divides. */
const REGEX_BEFORE = /(?:^|[(,=:[!&|?{};+\-*%<>~^]|\b(?:return|typeof|case|in|of))\s*$/;
/** Far enough back to see what stands before a slash. */
const REGEX_BEFORE_LENGTH = 200;

class SourceDivider {
  readonly #source: string;
  readonly #code: string[];
  readonly #comments: string[];

  constructor(source: string) {
    this.#source = source;
    const blank = source.replace(/[^\n]/g, " ");
    this.#code = blank.split("");
    this.#comments = blank.split("");
  }

  divide(): SourceParts {
    this.#scanCode(0);
    return { code: this.#code.join(""), comments: this.#comments.join("") };
  }

  /** Scans to the end, or to the brace that ends a template's expression; the position of that. */
  #scanCode(begin: number): number {
    let depth = 0;
    let at = begin;
    while (at < this.#source.length) {
      const character = this.#source[at]!;
      const two = this.#source.slice(at, at + 2);
      if (two === "//") at = this.#skipComment(at, this.#endOf("\n", at));
      else if (two === "/*") at = this.#skipComment(at, this.#endOf("*/", at + 2) + 2);
      else if (character === '"' || character === "'") at = this.#skipText(at, character);
      else if (character === "`") at = this.#scanTemplate(at);
      else if (character === "/" && this.#beginsRegex(at)) at = this.#skipRegex(at);
      else {
        if (character === "{") depth++;
        if (character === "}" && --depth < 0) return at;
        this.#code[at++] = character;
      }
    }
    return at;
  }

  #scanTemplate(begin: number): number {
    this.#code[begin] = "`";
    let at = begin + 1;
    while (at < this.#source.length && this.#source[at] !== "`") {
      if (this.#source[at] === "\\") at += 2;
      else if (this.#source.startsWith("${", at)) at = this.#scanCode(at + 2) + 1;
      else at++;
    }
    this.#code[at] = "`";
    return at + 1;
  }

  #skipText(begin: number, quote: string): number {
    let at = begin + 1;
    while (at < this.#source.length && this.#source[at] !== quote) {
      at += this.#source[at] === "\\" ? 2 : 1;
    }
    this.#code[begin] = quote;
    this.#code[at] = quote;
    return at + 1;
  }

  #beginsRegex(at: number): boolean {
    const before = this.#code.slice(Math.max(0, at - REGEX_BEFORE_LENGTH), at).join("");
    return REGEX_BEFORE.test(before);
  }

  #skipRegex(begin: number): number {
    let isInClass = false;
    let at = begin + 1;
    while (at < this.#source.length && (isInClass || this.#source[at] !== "/")) {
      if (this.#source[at] === "[") isInClass = true;
      else if (this.#source[at] === "]") isInClass = false;
      at += this.#source[at] === "\\" ? 2 : 1;
    }
    this.#code[begin] = "/";
    this.#code[at] = "/";
    return at + 1;
  }

  #skipComment(begin: number, end: number): number {
    for (let at = begin; at < end; at++) this.#comments[at] = this.#source[at]!;
    return end;
  }

  #endOf(text: string, from: number): number {
    const at = this.#source.indexOf(text, from);
    return at < 0 ? this.#source.length : at;
  }
}
