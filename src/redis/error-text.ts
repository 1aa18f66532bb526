// Texts of the errors that more than one command answers with, to the byte Redis's.

export const ERROR_TEXT = {
  NOT_DURABLE:
    "MISCONF writes cannot be made durable any more: see the server's log; reads are served",
  NO_LOG_ROOM: "TRYAGAIN the log had no room for the write in time; it was not executed",
  NO_DIRECTORY: "ERR nothing is kept on disk: the server was started without --dir",
  SYNTAX: "ERR syntax error",
  NO_AUTH: "NOAUTH Authentication required.",
  NO_INTEGER: "ERR value is not an integer or out of range",
  MEMORY_FULL: "OOM command not allowed when used memory > 'maxmemory'.",
  VALUE_TOO_LONG: "ERR string exceeds maximum allowed size (proto-max-bulk-len)",
} as const;
