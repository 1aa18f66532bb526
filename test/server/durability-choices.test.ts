import { describe, expect, test } from "bun:test";
import { DURABILITY } from "../../src/server/connection-table.ts";
import { DurabilityChoices } from "../../src/server/durability-choices.ts";

const { OF_SERVER, STRICT, RELAXED } = DURABILITY;
const ONE = 1;
const OTHER = 2;

function createFixture() {
  const connections = { durabilities: new Uint8Array(4) };
  const gate = {
    strictCount: 0,
    get isStrict(): boolean {
      return this.strictCount > 0;
    },
  };
  const unsent = new Set<number>();
  const sends = {
    maySendEarly: true,
    unsentBytes: (connection: number) => (unsent.has(connection) ? 10 : 0),
  };
  const choices = new DurabilityChoices({ connections, gate, sends });
  const state = () => [connections.durabilities[ONE], gate.strictCount, sends.maySendEarly];
  return { choices, connections, unsent, state };
}

describe("a choice", () => {
  test("of more holds at once, and keeps replies from leaving early", () => {
    const { choices, unsent, state } = createFixture();
    unsent.add(ONE);
    choices.choose(ONE, STRICT);
    expect(state()).toEqual([STRICT, 1, false]);
    choices.choose(ONE, STRICT);
    choices.endTurn();
    expect(state()).toEqual([STRICT, 1, false]);
  });

  test("of less holds at once where no reply waits for more", () => {
    const { choices, state } = createFixture();
    choices.choose(ONE, STRICT);
    choices.choose(ONE, RELAXED);
    expect(state()).toEqual([RELAXED, 0, true]);
  });

  test("of less holds from the turn's end on where one does", () => {
    const { choices, unsent, state } = createFixture();
    choices.choose(ONE, STRICT);
    unsent.add(ONE);
    choices.choose(ONE, RELAXED);
    expect(state()).toEqual([STRICT, 1, false]);
    choices.endTurn();
    expect(state()).toEqual([RELAXED, 0, true]);
  });

  test("is the last one of a turn", () => {
    const { choices, unsent, state } = createFixture();
    unsent.add(ONE);
    choices.choose(ONE, RELAXED);
    choices.choose(ONE, STRICT);
    choices.endTurn();
    expect(state()).toEqual([STRICT, 1, false]);
  });
});

describe("a demand", () => {
  test("holds until the turn's end", () => {
    const { choices, state } = createFixture();
    choices.choose(ONE, RELAXED);
    choices.demand(ONE);
    choices.demand(ONE);
    expect(state()).toEqual([STRICT, 1, false]);
    choices.endTurn();
    expect(state()).toEqual([RELAXED, 0, true]);
    choices.endTurn();
    expect(state()).toEqual([RELAXED, 0, true]);
  });

  test("changes nothing for a connection that has chosen as much", () => {
    const { choices, state } = createFixture();
    choices.choose(ONE, STRICT);
    choices.demand(ONE);
    choices.endTurn();
    expect(state()).toEqual([STRICT, 1, false]);
  });

  test("leaves what is chosen behind it in the same turn", () => {
    const { choices, unsent, state } = createFixture();
    choices.demand(ONE);
    unsent.add(ONE);
    choices.choose(ONE, STRICT);
    choices.endTurn();
    expect(state()).toEqual([STRICT, 1, false]);
    choices.choose(ONE, RELAXED);
    choices.demand(ONE);
    choices.endTurn();
    expect(state()).toEqual([RELAXED, 0, true]);
  });
});

test("a connection that goes leaves nothing to the next one with its number", () => {
  const { choices, connections, state } = createFixture();
  choices.choose(OTHER, STRICT);
  choices.choose(ONE, RELAXED);
  choices.demand(ONE);
  choices.forget(ONE);
  expect(state()).toEqual([OF_SERVER, 1, false]);
  choices.choose(ONE, STRICT);
  choices.endTurn();
  expect(state()).toEqual([STRICT, 2, false]);
  expect(connections.durabilities[OTHER]).toBe(STRICT);
});
