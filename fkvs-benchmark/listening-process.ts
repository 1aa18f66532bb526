// Which process of this machine listens at an address, from Linux's /proc; null where there is no
// telling: on other systems, for other machines, for processes of other users.
//
//   /proc/net/tcp     sl  local_address rem_address   st … inode
//                     0:  0100007F:176B 00000000:0000 0A … 41234       127.0.0.1:5995 listens
//   /proc/net/unix    Num RefCount Protocol Flags Type St Inode Path
//   /proc/PID/fd/7 -> socket:[41234]
//
// An address is written in hexadecimal, each four bytes of it backwards.

import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { isIPv4 } from "node:net";
import { isLoopback } from "../src/options/option-rule.ts";
import type { Target } from "./plan.ts";

const PROC = "/proc";
const LISTENING = "0A";
/** SO_ACCEPTCON among the flags of a Unix socket. */
const ACCEPTS = 0x10000;
const LOOPBACK_6 = "00000000000000000000000001000000";
const MAPPED_HEAD = "0000000000000000FFFF0000";

interface ListeningSocket {
  readonly address: string;
  readonly inode: string;
}

export function findListeningProcess(target: Target, proc: string = PROC): number | null {
  const inode = target.kind === "unix" ? findUnix(target.path, proc) : findTcp(target, proc);
  return inode === null ? null : findOwner(inode, proc);
}

function findTcp(target: Target & { kind: "tcp" }, proc: string): string | null {
  if (!isLoopback(target.host)) return null;
  const sockets = ["tcp", "tcp6"].flatMap((name) =>
    listListening(readText(`${proc}/net/${name}`), target.port),
  );
  // Another program may have the same port of another address.
  const own = addressesOf(target.host);
  const found =
    sockets.find(({ address }) => own.includes(address)) ??
    sockets.find(({ address }) => /^0+$/.test(address));
  return found?.inode ?? null;
}

function listListening(text: string, port: number): ListeningSocket[] {
  const portText = port.toString(16).toUpperCase().padStart(4, "0");
  return text.split("\n").flatMap((line) => {
    const fields = line.trim().split(/\s+/);
    const [address, portOfLine] = (fields[1] ?? "").split(":");
    const inode = fields[9];
    if (fields[3] !== LISTENING || portOfLine !== portText) return [];
    return address === undefined || inode === undefined ? [] : [{ address, inode }];
  });
}

/** How /proc/net writes what a host stands for. */
function addressesOf(host: string): string[] {
  if (host === "::1") return [LOOPBACK_6];
  const ipv4 = isIPv4(host) ? host : "127.0.0.1";
  const hex = ipv4
    .split(".")
    .map((part) => Number(part).toString(16).toUpperCase().padStart(2, "0"))
    .toReversed()
    .join("");
  const addresses = [hex, MAPPED_HEAD + hex];
  return isIPv4(host) ? addresses : [...addresses, LOOPBACK_6];
}

function findUnix(path: string, proc: string): string | null {
  for (const line of readText(`${proc}/net/unix`).split("\n")) {
    const match = /^\S+ \S+ \S+ ([0-9A-F]+) \S+ \S+ +(\d+) (.*)$/.exec(line);
    if (match === null || match[3] !== path) continue;
    if ((Number.parseInt(match[1]!, 16) & ACCEPTS) !== 0) return match[2]!;
  }
  return null;
}

function findOwner(inode: string, proc: string): number | null {
  const wanted = `socket:[${inode}]`;
  const pids = listFolder(proc).filter((name) => /^\d+$/.test(name));
  const pid = pids.find((candidate) => {
    const folder = `${proc}/${candidate}/fd`;
    return listFolder(folder).some((name) => readLink(`${folder}/${name}`) === wanted);
  });
  return pid === undefined ? null : Number(pid);
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

/** Empty for what is gone or forbidden, as for what is not there. */
function listFolder(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

function readLink(path: string): string | null {
  try {
    return readlinkSync(path);
  } catch {
    return null;
  }
}
