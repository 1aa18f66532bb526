import { describe, expect, test } from "bun:test";
import { DATABASE_COUNT, databaseOf, databaseSeed } from "../../src/store/database.ts";
import { DATABASE_SHIFT } from "../../src/store/entry.ts";
import { xxHash32 } from "../../src/store/xxhash32.ts";
import { KeyspaceFixture } from "../support/keyspace-fixture.ts";
import { collidingKeys } from "../support/xxhash-collisions.ts";

const SEED = 0x5eed;
const MIB = 2 ** 20;
const DATABASES = Array.from({ length: DATABASE_COUNT }, (_, database) => database);

describe("databaseSeed", () => {
  test("is the seed itself in database 0, and another in each", () => {
    expect(databaseSeed(SEED, 0)).toBe(SEED);
    expect(databaseSeed(-1, 0)).toBe(-1);
    expect(new Set(DATABASES.map((database) => databaseSeed(SEED, database))).size).toBe(16);
  });

  test("is what the store hashes with", () => {
    const fixture = new KeyspaceFixture({ sizeBytes: MIB, seeds: [SEED, 2, 3] });
    const { store, windows } = fixture;
    const length = windows.area.bytes.write("some key", windows.keyScratchOffset);
    for (const database of DATABASES) {
      store.database = database;
      expect(store.database).toBe(database);
      expect(store.hashOf(windows.keyScratchOffset, length)).toBe(
        xxHash32(windows.area.view, windows.keyScratchOffset, length, databaseSeed(SEED, database)),
      );
    }
  });
});

describe("databaseOf", () => {
  test("reads the four bits of a header, whatever the others are", () => {
    for (const database of DATABASES) {
      expect(databaseOf(database << DATABASE_SHIFT)).toBe(database);
      expect(databaseOf((database << DATABASE_SHIFT) | 0x7f87ffff)).toBe(database);
    }
  });
});

describe("databases", () => {
  test("have equal keys apart while tables grow and blocks move", () => {
    const fixture = new KeyspaceFixture({ sizeBytes: 4 * MIB, slotsLog2Max: 6 });
    const { store } = fixture;
    for (let i = 0; i < 300; i++) {
      for (const database of DATABASES) {
        expect(fixture.set(database, `${i}`, `${database} has ${i}`.padEnd(200))).toBe(true);
      }
    }
    for (let i = 0; i < 300; i++) if (i % 4 > 0) fixture.delete(i % 16, `${i}`);
    // Blocks of another size take pages that have to be emptied.
    for (let i = 0; fixture.set(0, `long:${i}`, "v".repeat(3000)); i++);
    expect(store.compactor.movedCount).toBeGreaterThan(0);
    for (const database of DATABASES) {
      for (let i = 0; i < 300; i++) {
        const isGone = i % 4 > 0 && i % 16 === database;
        const wanted = isGone ? null : `${database} has ${i}`;
        expect(fixture.get(database, `${i}`)?.trimEnd() ?? null).toBe(wanted);
      }
    }
  });

  test("have equal keys apart in a flood, and no probe gets long", () => {
    const fixture = new KeyspaceFixture({ sizeBytes: 64 * MIB, seeds: [SEED, 2, 3] });
    for (const database of DATABASES) {
      const flood = collidingKeys(0x12345678, databaseSeed(SEED, database), 500);
      for (const key of flood) fixture.set(database, key, `${database}`);
      // The same keys elsewhere collide as well, with another hash.
      for (const key of flood) fixture.set((database + 1) % 16, key, "elsewhere");
    }
    const census = fixture.census();
    expect(census.strongCount).toBeGreaterThan(0);
    expect(census.probeLengthMax).toBeLessThan(100);
    for (const database of DATABASES) {
      const flood = collidingKeys(0x12345678, databaseSeed(SEED, database), 500);
      for (const key of flood) {
        expect(fixture.get(database, key)).toBe(`${database}`);
        expect(fixture.get((database + 1) % 16, key)).toBe("elsewhere");
        expect(fixture.get((database + 2) % 16, key)).toBe(null);
      }
    }
  });
});
