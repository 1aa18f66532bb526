import { describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findListeningProcess } from "../../fkvs-benchmark/listening-process.ts";
import type { Target } from "../../fkvs-benchmark/plan.ts";
import { FakeProc } from "../support/fake-proc.ts";

const tcp = (host: string, port = 5995): Target => ({ kind: "tcp", host, port });
const socket = { data() {} };
const onLinux = test.skipIf(process.platform !== "linux");

const HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n";
const tcpLine = (address: string, state: string, inode: number) =>
  `   0: ${address} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000  1000` +
  `        0 ${inode} 1 0000000000000000 100 0 0 10 0\n`;

describe("findListeningProcess", () => {
  onLinux("finds this process by its TCP port", () => {
    const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket });
    try {
      expect(findListeningProcess(tcp("127.0.0.1", listener.port))).toBe(process.pid);
      expect(findListeningProcess(tcp("localhost", listener.port))).toBe(process.pid);
      expect(findListeningProcess(tcp("127.0.0.2", listener.port))).toBeNull();
      expect(findListeningProcess(tcp("10.1.2.3", listener.port))).toBeNull();
    } finally {
      listener.stop(true);
    }
  });

  onLinux("finds this process where it listens at every address", () => {
    const listener = Bun.listen({ hostname: "0.0.0.0", port: 0, socket });
    try {
      expect(findListeningProcess(tcp("127.0.0.1", listener.port))).toBe(process.pid);
    } finally {
      listener.stop(true);
    }
  });

  onLinux("finds this process by its Unix socket", () => {
    const folder = mkdtempSync(join(tmpdir(), "fkvs a "));
    const path = join(folder, "a.sock");
    const listener = Bun.listen({ unix: path, socket });
    try {
      expect(findListeningProcess({ kind: "unix", path })).toBe(process.pid);
      expect(findListeningProcess({ kind: "unix", path: `${path}x` })).toBeNull();
    } finally {
      listener.stop(true);
      rmSync(folder, { recursive: true });
    }
  });

  test("tells addresses, ports and states apart", () => {
    using proc = new FakeProc();
    const lines = [
      tcpLine("0100007F:176B", "01", 1),
      tcpLine("0100007F:176C", "0A", 2),
      tcpLine("0200007F:176B", "0A", 3),
      tcpLine("0100007F:176B", "0A", 4),
    ];
    proc.write("net/tcp", HEAD + lines.join(""));
    proc.write("net/tcp6", HEAD + tcpLine("00000000000000000000000001000000:176B", "0A", 5));
    for (const inode of [1, 2, 3, 4, 5]) proc.link(`9${inode}/fd/7`, `socket:[${inode}]`);
    const find = (host: string) => findListeningProcess(tcp(host), proc.path);
    expect(find("127.0.0.1")).toBe(94);
    expect(find("127.0.0.2")).toBe(93);
    expect(find("127.0.0.3")).toBeNull();
    expect(find("::1")).toBe(95);
  });

  test("takes a socket of every address where there is none of the own", () => {
    using proc = new FakeProc();
    proc.write("net/tcp6", HEAD + tcpLine(`${"0".repeat(32)}:176B`, "0A", 5));
    proc.link("95/fd/7", "socket:[5]");
    expect(findListeningProcess(tcp("127.0.0.1"), proc.path)).toBe(95);
  });

  test("takes a Unix socket that accepts, and no other of its path", () => {
    using proc = new FakeProc();
    const head = "Num       RefCount Protocol Flags    Type St Inode Path\n";
    const line = (flags: string, inode: number) =>
      `00000000e58cae0f: 00000003 00000000 ${flags} 0001 03 ${inode} /run/a b.sock\n`;
    proc.write("net/unix", head + line("00000000", 1) + line("00010000", 2));
    for (const inode of [1, 2]) proc.link(`9${inode}/fd/7`, `socket:[${inode}]`);
    const find = (path: string) => findListeningProcess({ kind: "unix", path }, proc.path);
    expect(find("/run/a b.sock")).toBe(92);
    expect(find("/run/a")).toBeNull();
  });

  test("finds nothing where there is no /proc, or the owner is hidden", () => {
    using proc = new FakeProc();
    expect(findListeningProcess(tcp("127.0.0.1"), join(proc.path, "none"))).toBeNull();
    proc.write("net/tcp", HEAD + tcpLine("0100007F:176B", "0A", 4));
    expect(findListeningProcess(tcp("127.0.0.1"), proc.path)).toBeNull();
  });
});
