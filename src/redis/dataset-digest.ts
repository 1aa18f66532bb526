// DEBUG DIGEST: one number for all that is stored, the same in every server that stores the same,
// in whatever order. Redis's algorithm, for strings:
//
//   mix(digest, bytes)   digest = SHA1(digest ^ SHA1(bytes))
//   key's digest         mix(key), mix(type), mix(value), then ^ SHA1("!!expire!!") with a deadline
//   digest of all        mix(number) for each database with keys, ^ SHA1(digest) for each key

import { DATABASE_COUNT, NO_DEADLINE, type Keyspace, type StoredValue } from "./keyspace.ts";

const DIGEST_SIZE = 20;
/** Keys visited in one step. */
const STEP_COUNT = 1000;
const STRING_TYPE = numberBytes(0);
const DEADLINE_MARK = Buffer.from("!!expire!!");

export function digestDataset(keys: Keyspace): Buffer {
  const digest = Buffer.alloc(DIGEST_SIZE);
  for (let database = 0; database < DATABASE_COUNT; database++) {
    if (keys.count(database) > 0) mixDatabase(digest, keys, database);
  }
  return digest;
}

/** Zeros for a key that is not there. */
export function digestValue(value: StoredValue | null): Buffer {
  const digest = Buffer.alloc(DIGEST_SIZE);
  if (value !== null) mixValue(digest, value);
  return digest;
}

function mixDatabase(digest: Buffer, keys: Keyspace, database: number): void {
  mix(digest, numberBytes(database));
  let cursor = 0;
  do {
    const found: Buffer[] = [];
    // Nothing changes from step to step, so no key is visited twice.
    cursor = keys.scan(database, cursor, STEP_COUNT, (key) => found.push(key));
    for (const key of found) {
      const value = keys.find(database, key);
      if (value !== null) exclusiveOr(digest, digestEntry(key, value));
    }
  } while (cursor !== 0);
}

function digestEntry(key: Buffer, value: StoredValue): Buffer {
  const digest = Buffer.alloc(DIGEST_SIZE);
  mix(digest, key);
  mixValue(digest, value);
  return digest;
}

function mixValue(digest: Buffer, value: StoredValue): void {
  mix(digest, STRING_TYPE);
  mix(digest, value.bytes());
  if (value.deadlineMs !== NO_DEADLINE) exclusiveOr(digest, DEADLINE_MARK);
}

function mix(digest: Buffer, bytes: Uint8Array): void {
  exclusiveOr(digest, bytes);
  digest.set(sha1(digest));
}

/** With the hash of the bytes. */
function exclusiveOr(digest: Buffer, bytes: Uint8Array): void {
  const hash = sha1(bytes);
  for (let index = 0; index < DIGEST_SIZE; index++) digest[index]! ^= hash[index]!;
}

function sha1(bytes: Uint8Array): Buffer {
  return new Bun.CryptoHasher("sha1").update(bytes).digest();
}

function numberBytes(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
