// What CONFIG GET and CONFIG SET know: named settings with their values as text. Which there are is
// in setting-table.ts.
//
// CONFIG SET of several is all or nothing: every value is read before any is put into effect, and
// putting into effect cannot fail.

import { createGlob } from "../lib/glob.ts";

/** What to do to put a value into effect, or why it is none: the end of CONFIG SET's error. */
export type Change = (() => void) | string;

export interface Setting {
  /** In lower case. */
  readonly name: string;
  read(): string;
  /** Why it cannot be set at all, null = it can. */
  readonly refusal: string | null;
  change(text: string): Change;
}

export type SettingPair = readonly [name: string, value: string];

const GLOB_SIGNS = /[*?[]/;

export class Settings {
  readonly #settings: ReadonlyMap<string, Setting>;

  constructor(settings: readonly Setting[]) {
    this.#settings = new Map(settings.map((setting) => [setting.name, setting]));
    if (this.#settings.size < settings.length) throw new Error("two settings of one name");
  }

  /** Each once; one that is asked for by its name is called as the client wrote it. */
  get(patterns: readonly Buffer[]): SettingPair[] {
    const found = new Map<Setting, string>();
    for (const pattern of patterns) {
      const text = pattern.toString("latin1");
      for (const setting of this.#matching(pattern, text)) {
        if (found.has(setting)) continue;
        found.set(setting, GLOB_SIGNS.test(text) ? setting.name : text);
      }
    }
    return [...found].map(([setting, name]) => [name, setting.read()]);
  }

  /** The error's text, null = all are in effect. */
  set(pairs: readonly SettingPair[]): string | null {
    const chosen = this.#choose(pairs);
    if (typeof chosen === "string") return chosen;
    const changes: (() => void)[] = [];
    for (const [setting, value] of chosen) {
      const change = setting.change(value);
      if (typeof change === "string") return failure(setting.name, change);
      changes.push(change);
    }
    for (const change of changes) change();
    return null;
  }

  *#matching(pattern: Buffer, text: string): Iterable<Setting> {
    if (!GLOB_SIGNS.test(text)) {
      const setting = this.#settings.get(text.toLowerCase());
      if (setting !== undefined) yield setting;
      return;
    }
    const glob = createGlob(pattern, { isCaseless: true });
    for (const [name, setting] of this.#settings) {
      if (glob.matches(Buffer.from(name))) yield setting;
    }
  }

  /** Finds the settings before any value is looked at, as Redis does; the first fault counts. */
  #choose(pairs: readonly SettingPair[]): Map<Setting, string> | string {
    const chosen = new Map<Setting, string>();
    for (const [name, value] of pairs) {
      const setting = this.#settings.get(name.toLowerCase());
      if (setting === undefined) {
        return `ERR Unknown option or number of arguments for CONFIG SET - '${name}'`;
      }
      if (setting.refusal !== null) return failure(name, setting.refusal);
      if (chosen.has(setting)) return failure(name, "duplicate parameter");
      chosen.set(setting, value);
    }
    return chosen;
  }
}

function failure(name: string, reason: string): string {
  return `ERR CONFIG SET failed (possibly related to argument '${name}') - ${reason}`;
}
