// A data directory on the real disk, and the real program over it, which it outlives.

import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseSnapshotName, parseWalName } from "../../src/wal/file-names.ts";
import { RespClient } from "./resp-client.ts";
import { ServerProcess, type Ended } from "./server-process.ts";

const SMALL = ["--port", "0", "--max-memory", "64mb"];

export class DataFolder implements Disposable {
  readonly path: string;

  /** `parent` is a directory, such as one on another disk. */
  constructor(parent = tmpdir()) {
    this.path = mkdtempSync(join(parent, "fkvs-data-"));
  }

  /** `wrapper` is a program that becomes ours, with its arguments: ServerProcess. */
  start(args: readonly string[] = [], wrapper: readonly string[] = []): ServerProcess {
    return new ServerProcess([...SMALL, "--dir", this.path, ...args], {}, null, wrapper);
  }

  /** What a start says that does not come to serve. */
  async startInVain(args: readonly string[] = []): Promise<Ended> {
    await using server = this.start(args);
    return await server.ended();
  }

  /** The same files again, as they are now. */
  copy(): DataFolder {
    const other = new DataFolder();
    for (const name of this.names()) copyFileSync(this.file(name), other.file(name));
    return other;
  }

  file(name: string): string {
    return join(this.path, name);
  }

  names(): string[] {
    return readdirSync(this.path).toSorted();
  }

  walNames(): string[] {
    return this.names().filter((name) => parseWalName(name) !== null);
  }

  /** The oldest first. */
  snapshotNames(): string[] {
    return this.names().filter((name) => parseSnapshotName(name) !== null);
  }

  read(name: string): Buffer {
    return readFileSync(this.file(name));
  }

  write(name: string, bytes: Uint8Array | string): void {
    writeFileSync(this.file(name), bytes);
  }

  remove(name: string): void {
    rmSync(this.file(name));
  }

  makeFolder(name: string): void {
    mkdirSync(this.file(name));
  }

  flipByte(name: string, offset: number): void {
    const bytes = this.read(name);
    bytes[offset]! ^= 0x10;
    this.write(name, bytes);
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true });
  }
}

/** A client of the server's Redis protocol. */
export async function connectTo(server: ServerProcess): Promise<RespClient> {
  return await RespClient.connect(await server.port());
}

/** Ends a server as a crash would, and answers what it has written to its log. */
export async function killServer(server: ServerProcess): Promise<string> {
  server.signal("SIGKILL");
  return (await server.ended()).stderr;
}

/** Has a server end as an operator would; everything has to have gone well. */
export async function endServer(server: ServerProcess): Promise<string> {
  // Before that a signal ends it in the usual way.
  await server.ready();
  server.signal("SIGTERM");
  const { exitCode, stderr } = await server.ended();
  if (exitCode !== 0) throw new Error(`the server ended with ${exitCode}: ${stderr}`);
  return stderr;
}
