// A disk whose files let others go on around every write and sync, as they do while a thread waits
// for the system.

import type { Disk, DiskFile } from "../../src/wal/disk.ts";

export function interruptDisk(disk: Disk, between: () => void): Disk {
  return {
    list: () => disk.list(),
    create: (name) => interruptFile(disk.create(name), between),
    open: (name) => disk.open(name),
    rename: (from, to) => disk.rename(from, to),
    remove: (name) => disk.remove(name),
    syncDirectory: () => disk.syncDirectory(),
    lock: () => disk.lock(),
    unlock: () => disk.unlock(),
  };
}

function interruptFile(file: DiskFile, between: () => void): DiskFile {
  return {
    ...file,
    write: (bytes, begin, end) => {
      const count = file.write(bytes, begin, end);
      between();
      return count;
    },
    sync: () => {
      between();
      file.sync();
      between();
    },
  };
}
