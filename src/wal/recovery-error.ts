// Why a start is refused: what is wrong, in which file, and where in it.

export class RecoveryError extends Error {
  override readonly name = "RecoveryError";
  /** "" = of the directory as a whole. */
  readonly file: string;
  readonly offset: number;
  readonly reason: string;

  constructor(file: string, offset: number, reason: string) {
    super(file === "" ? reason : `${file} at byte ${offset}: ${reason}`);
    this.file = file;
    this.offset = offset;
    this.reason = reason;
  }
}

/**
 * A file in a format that this program does not know. It is another program's to read: no other
 * file stands in for it, and nothing of it is given up.
 */
export class UnknownFormatError extends RecoveryError {}

/** The data does not fit the memory that there is. Nothing is wrong with the directory. */
export class MemoryFullError extends Error {
  override readonly name = "MemoryFullError";
}
