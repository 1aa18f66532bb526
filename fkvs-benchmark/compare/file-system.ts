// What a folder's files are on: figures of a disk say nothing when it is none.

/** `ext4`, `tmpfs`; `an unknown file system` where findmnt is not there or does not know. */
export function fileSystemOf(folder: string): string {
  if (Bun.which("findmnt") === null) return "an unknown file system";
  const { stdout } = Bun.spawnSync(["findmnt", "-n", "-o", "FSTYPE", "-T", folder]);
  return stdout.toString().trim() || "an unknown file system";
}
