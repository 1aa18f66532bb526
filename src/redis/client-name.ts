// Names that clients give themselves and their libraries: visible characters of ASCII, so that a
// line of CLIENT LIST stays one line and its fields stay apart.

const CLIENT_NAME = /^[!-~]*$/;

export const CLIENT_NAME_ERROR =
  "ERR Client names cannot contain spaces, newlines or special characters.";

/** The empty text is one: it takes a name away. */
export function isClientName(name: Buffer): boolean {
  return CLIENT_NAME.test(name.toString("latin1"));
}
