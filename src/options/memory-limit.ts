// How much memory this process may use: the machine's, or the control group's if that is lower.
//
// A control group is limited by itself and by every group above it, so the whole path counts:
//
//   /proc/self/cgroup     0::/fkvs.slice/fkvs.service          version 2, one hierarchy
//                         4:memory:/docker/3f                  version 1, one for each controller
//   /proc/self/mountinfo  … /docker /sys/fs/cgroup rw - cgroup2 …
//                           ^ root  ^ mount point: shows the hierarchy from `root` downwards
//
//   limit = min(machine, memory.max or memory.limit_in_bytes of each group on the path)
//
// Version 2 writes `max` for no limit, version 1 a number near 2^63; the minimum drops both. A file
// that is missing or not understood is no limit: other systems than Linux have none of them.

import { readFileSync } from "node:fs";
import { totalmem } from "node:os";

/** The text of a file, or null when it cannot be read. */
export type FileReader = (path: string) => string | null;

export interface MemorySource {
  readonly readFile: FileReader;
  readonly machineBytes: number;
}

interface Hierarchy {
  readonly fileSystem: "cgroup" | "cgroup2";
  readonly limitFile: string;
  readonly groupPath: string;
}

export function detectMemoryLimitBytes(source: MemorySource = systemMemory()): number {
  const groups = source.readFile("/proc/self/cgroup") ?? "";
  const mounts = source.readFile("/proc/self/mountinfo") ?? "";
  let limitBytes = source.machineBytes;
  for (const hierarchy of findHierarchies(groups)) {
    for (const folder of findGroupFolders(hierarchy, mounts)) {
      const groupBytes = parseLimit(source.readFile(`${folder}/${hierarchy.limitFile}`));
      limitBytes = Math.min(limitBytes, groupBytes);
    }
  }
  return limitBytes;
}

function systemMemory(): MemorySource {
  return { readFile: readFileOrNull, machineBytes: totalmem() };
}

function readFileOrNull(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}

function findHierarchies(groups: string): Hierarchy[] {
  const hierarchies: Hierarchy[] = [];
  for (const line of groups.split("\n")) {
    const match = /^(\d+):([^:]*):(\/.*)$/.exec(line);
    if (match === null) continue;
    const groupPath = match[3]!;
    if (match[1] === "0" && match[2] === "") {
      hierarchies.push({ fileSystem: "cgroup2", limitFile: "memory.max", groupPath });
    } else if (match[2]!.split(",").includes("memory")) {
      const limitFile = "memory.limit_in_bytes";
      hierarchies.push({ fileSystem: "cgroup", limitFile, groupPath });
    }
  }
  return hierarchies;
}

/** The folders of the process's own group and of those above it, as far up as the mount shows. */
function findGroupFolders(hierarchy: Hierarchy, mounts: string): string[] {
  const mount = findMount(hierarchy, mounts);
  if (mount === null) return [];
  const names = belowRoot(hierarchy.groupPath, mount.root);
  const folders = [mount.point];
  for (const name of names) folders.push(`${folders.at(-1)!.replace(/\/$/, "")}/${name}`);
  return folders;
}

function findMount(hierarchy: Hierarchy, mounts: string): { root: string; point: string } | null {
  for (const line of mounts.split("\n")) {
    // Between the fixed fields and the file system stand any number of tags, then a dash.
    const match = /^\d+ \d+ \S+ (\S+) (\S+) .*?- (\S+) \S+ (\S+)$/.exec(line);
    if (match === null || match[3] !== hierarchy.fileSystem) continue;
    const showsMemory = match[4]!.split(",").includes("memory");
    if (hierarchy.fileSystem === "cgroup" && !showsMemory) continue;
    return { root: decodeMountField(match[1]!), point: decodeMountField(match[2]!) };
  }
  return null;
}

/**
 * The group's path cut at the mount's root. A container may see a path from outside its mount, or
 * one that climbs out with `..`; the mount point is then the nearest group that can be read.
 */
function belowRoot(groupPath: string, root: string): string[] {
  const group = splitPath(groupPath);
  const above = splitPath(root);
  const isBelow = above.every((name, index) => group[index] === name);
  return isBelow && !group.includes("..") ? group.slice(above.length) : [];
}

function splitPath(path: string): string[] {
  return path.split("/").filter((name) => name !== "");
}

/** The kernel writes a blank in a path as `\040`. */
function decodeMountField(field: string): string {
  return field.replace(/\\([0-7]{3})/g, (_, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  );
}

function parseLimit(text: string | null): number {
  const trimmed = text?.trim() ?? "";
  return /^\d+$/.test(trimmed) ? Number(trimmed) : Number.POSITIVE_INFINITY;
}
