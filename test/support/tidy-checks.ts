// What test/tidy.test.ts holds the source to. A check answers with its faults, each a line for the
// reader of a failing test: `path:line what is wrong`.

import { readFileSync } from "node:fs";
import { posix } from "node:path";
import { listFunctions } from "./source-functions.ts";
import { divideSource, lineAt } from "./source-text.ts";

const LINE_WIDTH_MAX = 100;
const FUNCTION_LINES_MAX = 70;
const FILE_LINES_MAX = 400;

/** In code. Spelt so that the words are no faults of this file, whose text is not looked at. */
const FORBIDDEN_CODE: readonly (readonly [RegExp, string])[] = [
  [/(?::|<|=|\||&|,|\bas|\bextends)\s*any\b(?!\s*[(:.])/g, "any as a type"],
  [/\benum\s+\w/g, "an enum"],
  [/\bexport\s+default\b/g, "a default export"],
  [/\bexport\s+\*/g, "a re-export of everything"],
];
const FORBIDDEN_COMMENTS: readonly (readonly [RegExp, string])[] = [
  [/\b(?:TODO|FIXME|XXX)\b/g, "a note of something left to do"],
  [/@ts-(?:ignore|nocheck|expect-error)\b/g, "a type check that is switched off"],
];
const IMPORT = /(?:\bfrom\s+|\bimport\s*\(?\s*)"([^"]+)"/g;

export interface SourceFile {
  /** From the root of the repository, with slashes. */
  readonly path: string;
  readonly source: string;
  readonly code: string;
  readonly comments: string;
}

/** Folder or file of src → the others it may import. */
export type Layers = Readonly<Record<string, readonly string[]>>;

export function makeSourceFile(path: string, source: string): SourceFile {
  return { path, source, ...divideSource(source) };
}

/** All TypeScript of the folders that exist, sorted by path. */
export function readSources(root: string, folders: readonly string[]): SourceFile[] {
  const paths = [...new Bun.Glob(`{${folders.join(",")}}/**/*.ts`).scanSync({ cwd: root })];
  return paths
    .filter((path) => !path.includes("node_modules"))
    .toSorted()
    .map((path) => makeSourceFile(path, readFileSync(posix.join(root, path), "utf8")));
}

export function findWideLines({ path, source }: SourceFile): string[] {
  return source.split("\n").flatMap((line, i) => {
    if (line.length <= LINE_WIDTH_MAX) return [];
    return [`${path}:${i + 1} a line of ${line.length} characters`];
  });
}

/** Exceptions are `path name`. */
export function findLongFunctions(
  { path, code }: SourceFile,
  exceptions: readonly string[],
): string[] {
  return listFunctions(code)
    .filter(({ lineCount }) => lineCount > FUNCTION_LINES_MAX)
    .filter(({ name }) => !exceptions.includes(`${path} ${name}`))
    .map(({ name, line, lineCount }) => `${path}:${line} ${name} has ${lineCount} lines`);
}

export function findLongFile({ path, source }: SourceFile): string[] {
  const lineCount = source.split("\n").length - 1;
  return lineCount <= FILE_LINES_MAX ? [] : [`${path}:1 a file of ${lineCount} lines`];
}

export function findForbidden(file: SourceFile): string[] {
  return [
    ...FORBIDDEN_CODE.flatMap(([pattern, what]) => findAll(file, file.code, pattern, what)),
    ...FORBIDDEN_COMMENTS.flatMap(([pattern, what]) => findAll(file, file.comments, pattern, what)),
  ];
}

export function findConsole(file: SourceFile): string[] {
  return findAll(file, file.code, /\bconsole\s*\./g, "console; the log is for that");
}

/** Imports of a file in src that its layer does not allow, of packages that have another owner. */
export function findForbiddenImports(file: SourceFile, layers: Layers, packages: Layers): string[] {
  const layer = layerOf(file.path);
  const allowed = layers[layer];
  if (allowed === undefined) return [`${file.path}:1 ${layer} is no layer`];
  return [...file.source.matchAll(IMPORT)].flatMap((match) => {
    // In a comment or in text it is not an import.
    if (file.code[match.index] === " ") return [];
    const imported = match[1]!;
    const where = `${file.path}:${lineAt(file.source, match.index)} ${layer} imports ${imported}`;
    if (!imported.startsWith(".")) {
      const isKnown = packages[imported.replace(/:.*/, "")]?.includes(layer) ?? false;
      return isKnown ? [] : [where];
    }
    const target = posix.join(posix.dirname(file.path), imported);
    if (target === "package.json") return layer === "version" ? [] : [where];
    const targetLayer = target.startsWith("src/") ? layerOf(target) : target;
    return targetLayer === layer || allowed.includes(targetLayer) ? [] : [where];
  });
}

/** Source files of src without a test of the same path. */
export function findUntested(
  paths: readonly string[],
  exceptions: Readonly<Record<string, string>>,
): string[] {
  const tests = new Set(paths.filter((path) => path.startsWith("test/")));
  const sources = paths.filter((path) => path.startsWith("src/"));
  const testOf = (path: string) => path.replace(/^src\/(.*)\.ts$/, "test/$1.test.ts");
  const untested = sources.filter((path) => !tests.has(testOf(path)) && !(path in exceptions));
  const needless = Object.keys(exceptions).filter(
    (path) => !sources.includes(path) || tests.has(testOf(path)),
  );
  return [
    ...untested.map((path) => `${path}:1 has no ${testOf(path)}`),
    ...needless.map((path) => `${path}:1 needs no exception`),
  ];
}

/** `src/store/arena.ts` is of the layer store, `src/main.ts` of main. */
function layerOf(path: string): string {
  return path.split("/")[1]!.replace(/\.ts$/, "");
}

function findAll({ path }: SourceFile, text: string, pattern: RegExp, what: string): string[] {
  return [...text.matchAll(pattern)].map((match) => `${path}:${lineAt(text, match.index)} ${what}`);
}
