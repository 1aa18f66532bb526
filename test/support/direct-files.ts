// Whether files are written without the page cache, as the system says it.

import {
  closeSync,
  constants,
  openSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  unlinkSync,
} from "node:fs";
import { join } from "node:path";

/** Whether the file system of a folder knows such writes at all. */
export function canBeDirect(folder: string): boolean {
  const name = join(folder, `fkvs-direct-${process.pid}`);
  closeSync(openSync(name, "w"));
  try {
    closeSync(openSync(name, constants.O_WRONLY | constants.O_DIRECT));
    return true;
  } catch {
    return false;
  } finally {
    unlinkSync(name);
  }
}

/** Whether this process has the file open so. */
export function isOpenDirectly(file: string): boolean {
  return readdirSync("/proc/self/fd").some((descriptor) => {
    try {
      if (readlinkSync(`/proc/self/fd/${descriptor}`) !== file) return false;
      const text = readFileSync(`/proc/self/fdinfo/${descriptor}`, "latin1");
      const flags = parseInt(/^flags:\s*(\d+)/m.exec(text)![1]!, 8);
      return (flags & constants.O_DIRECT) !== 0;
    } catch {
      // It is that with which the list was read.
      return false;
    }
  });
}
