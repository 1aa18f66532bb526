// Recognises HTTP on the port of RESP. A browser can be made to send requests to any port; what
// protects is that a request line or a Host header ends the connection before a line of its body
// is taken for an inline command (as in Redis since 3.2.7, which looks for POST and Host:).

const METHOD = /^(POST|PUT|PATCH|DELETE|HEAD|OPTIONS|CONNECT|TRACE)$/;
const VERSION = /^HTTP\/\d/;

/** Whether an inline command, with at least one argument, is a line of HTTP. */
export function isAttack(args: readonly Buffer[]): boolean {
  const first = args[0]!.toString("latin1");
  if (/^host:/i.test(first) || /^post$/i.test(first)) return true;
  const last = args.at(-1)!.toString("latin1");
  return args.length === 3 && (METHOD.test(first) || first === "GET") && VERSION.test(last);
}
