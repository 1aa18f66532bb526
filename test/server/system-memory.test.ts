import { describe, expect, test } from "bun:test";
import { MADV_DONTNEED, MADV_HUGEPAGE, type Libc } from "../../src/lib/libc.ts";
import { adviseHugePages, releasePage } from "../../src/server/system-memory.ts";
import { Arena, HUGE_PAGE_SIZE, PAGE_SIZE, reserveArena } from "../../src/store/arena.ts";

const BASE = 3 * HUGE_PAGE_SIZE + PAGE_SIZE;

/** Notes what the kernel would be asked. */
function setUp(sizeBytes: number) {
  const asked: { address: number; length: number; advice: number }[] = [];
  const madvise = (address: number, length: number, advice: number): boolean => {
    asked.push({ address, length, advice });
    return true;
  };
  const libc = { addressOf: () => BASE, madvise } as unknown as Libc;
  return { asked, libc, arena: new Arena(reserveArena(sizeBytes)) };
}

describe("adviseHugePages", () => {
  test("asks for those that lie in the arena as a whole", () => {
    const { asked, libc, arena } = setUp(5 * HUGE_PAGE_SIZE);
    adviseHugePages(arena, libc);
    const address = 4 * HUGE_PAGE_SIZE;
    const length = BASE + 5 * HUGE_PAGE_SIZE - address;
    expect(asked).toEqual([{ address, length, advice: MADV_HUGEPAGE }]);
  });

  test("asks for none where not one fits", () => {
    const { asked, libc, arena } = setUp(HUGE_PAGE_SIZE);
    adviseHugePages(arena, libc);
    expect(asked).toEqual([]);
  });
});

describe("releasePage", () => {
  test("gives exactly one page back", () => {
    const { asked, libc, arena } = setUp(5 * HUGE_PAGE_SIZE);
    expect(releasePage(arena, libc, 7)).toBe(true);
    const address = BASE + 7 * PAGE_SIZE;
    expect(asked).toEqual([{ address, length: PAGE_SIZE, advice: MADV_DONTNEED }]);
  });
});
