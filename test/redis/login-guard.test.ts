import { describe, expect, test } from "bun:test";
import {
  ADDRESS_COUNT_MAX,
  FAILURE_COUNT_MAX,
  FORGET_AFTER_MS,
  LoginGuard,
  PASSWORD_LENGTH_MAX,
  REFUSAL_MAX_MS,
  REFUSAL_MIN_MS,
} from "../../src/redis/login-guard.ts";
import { TestClock } from "../support/test-clock.ts";

const GUESSER = "10.0.0.1:50000";
const OTHER = "10.0.0.2:50000";

function createGuard(password: string | null = "secret") {
  const clock = new TestClock();
  clock.stepMs = 0;
  const guard = new LoginGuard(password, clock);
  const login = (text: string, address = GUESSER): boolean =>
    guard.isLogin(true, Buffer.from(text), address);
  const guess = (count: number, address = GUESSER) => {
    for (let i = 0; i < count; i++) expect(login("wrong", address)).toBe(false);
  };
  return { clock, guard, login, guess };
}

describe("LoginGuard", () => {
  test.each(["", "secre", "secret ", "Secret", "secret\0", "x".repeat(PASSWORD_LENGTH_MAX + 1)])(
    "knows that %j is wrong",
    (password) => {
      const { login } = createGuard();
      expect(login(password)).toBe(false);
      expect(login("secret")).toBe(true);
    },
  );

  test("takes every password when none is wanted, but not every user", () => {
    const { guard, login } = createGuard(null);
    expect(login("x")).toBe(true);
    expect(guard.isLogin(false, Buffer.from("x"), GUESSER)).toBe(false);
  });

  test("takes the right password of a wrong user for wrong", () => {
    const { guard, login } = createGuard();
    for (let i = 0; i <= FAILURE_COUNT_MAX; i++) {
      expect(guard.isLogin(false, Buffer.from("secret"), GUESSER)).toBe(false);
    }
    expect(login("secret")).toBe(false);
  });

  test("takes a password as long as allowed", () => {
    const password = "é".repeat(PASSWORD_LENGTH_MAX / 2);
    expect(createGuard(password).login(password)).toBe(true);
  });

  test("refuses an address after its failures, from any of its ports", () => {
    const { login, guess } = createGuard();
    guess(FAILURE_COUNT_MAX);
    expect(login("secret", "10.0.0.1:1")).toBe(true);
    guess(FAILURE_COUNT_MAX + 1);
    expect(login("secret", "10.0.0.1:1")).toBe(false);
  });

  test("lets other addresses alone", () => {
    const { login, guess } = createGuard();
    guess(FAILURE_COUNT_MAX + 1);
    expect(login("secret", OTHER)).toBe(true);
    expect(login("secret", "/run/fkvs.sock")).toBe(true);
    expect(login("secret", "[::1]:50000")).toBe(true);
  });

  test("refuses twice as long after each further failure, up to a limit", () => {
    const { clock, login, guess } = createGuard();
    guess(FAILURE_COUNT_MAX);
    let refusalMs = REFUSAL_MIN_MS;
    for (let i = 0; i < 10; i++) {
      guess(1);
      clock.elapsed += refusalMs - 1;
      expect(login("secret")).toBe(false);
      clock.elapsed += 1;
      refusalMs = Math.min(REFUSAL_MAX_MS, 2 * refusalMs);
    }
    expect(refusalMs).toBe(REFUSAL_MAX_MS);
    expect(login("secret")).toBe(true);
  });

  test("does not count what it refuses", () => {
    const { clock, login, guess } = createGuard();
    guess(FAILURE_COUNT_MAX + 100);
    clock.elapsed += REFUSAL_MIN_MS;
    expect(login("secret")).toBe(true);
  });

  test("forgets after a while", () => {
    const { clock, login, guess } = createGuard();
    guess(FAILURE_COUNT_MAX);
    clock.elapsed += FORGET_AFTER_MS;
    guess(1);
    expect(login("secret")).toBe(true);
  });

  test("remembers a bounded number of addresses, the latest", () => {
    const { login, guess } = createGuard();
    guess(FAILURE_COUNT_MAX + 1, OTHER);
    guess(FAILURE_COUNT_MAX + 1, GUESSER);
    for (let i = 0; i < ADDRESS_COUNT_MAX - 1; i++) guess(1, `10.1.${i >> 8}.${i & 255}:1`);
    expect(login("secret", GUESSER)).toBe(false);
    expect(login("secret", OTHER)).toBe(true);
  });
});
