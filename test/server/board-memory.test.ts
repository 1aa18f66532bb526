import { describe, expect, test } from "bun:test";
import { LIVE_SETTING_COUNT, LiveSettings } from "../../src/redis/live-settings.ts";
import {
  SHARED_PLACES,
  headerWords,
  reserveBoard,
  runIdOf,
  threadPlaces,
} from "../../src/server/board-memory.ts";

describe("the board's memory", () => {
  test("has a run id of its own, and the settings that a server begins with", () => {
    const board = reserveBoard(1);
    expect(runIdOf(board)).toMatch(/^[0-9a-f]{40}$/);
    expect(runIdOf(board)).not.toBe(runIdOf(reserveBoard(1)));
    const words = new Float64Array(board, SHARED_PLACES.LIVE_SETTINGS, LIVE_SETTING_COUNT);
    expect(new LiveSettings(words).slowLogLengthMax).toBe(128);
    expect([...headerWords(board)]).toEqual([0, 0, 0, 0]);
  });

  test("has a part for each thread, where words of 8 bytes may begin", () => {
    const board = reserveBoard(3);
    const shared = Object.values(SHARED_PLACES);
    const places = [0, 1, 2].flatMap((thread) => Object.values(threadPlaces(thread)));
    const all = [...shared, ...places];
    expect(all).toEqual(all.toSorted((left, right) => left - right));
    expect(new Set(all).size).toBe(all.length);
    for (const place of all.filter((each) => each !== SHARED_PLACES.RUN_ID)) {
      expect(place % 8).toBe(0);
    }
    expect(threadPlaces(3).figures).toBe(board.byteLength);
  });
});
