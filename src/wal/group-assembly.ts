// Transaction groups that recovery has not met all members of: what they hold is kept from the
// store until the last one is there, and thrown away when it never comes.
//
//   partition 0   … | group 7: 1 of 3 | group 7: 2 of 3 | (waits) …
//   partition 1   …                     | group 7: 3 of 3 | ─▶ all three, in order
//
// Members of one partition come in the order of their indices, so a group has room for a change by
// index, and a count. The parts of a long value are put together in pieces of the store; the value
// is a change at the index of its first part. So what is held in memory of its own is the small
// members of the few groups that are open at a time: one for each partition at most
// (epoch-replay.ts).

import { emptyChain, type PieceChain } from "../store/pieces.ts";
import { RECORD_KIND, type RecordKind } from "./record.ts";
import type { RecordReader } from "./record-reader.ts";

/** What a group does to one key, or to all. */
export interface Change {
  readonly index: number;
  readonly partition: number;
  readonly kind: RecordKind;
  readonly database: number;
  readonly key: Buffer;
  /** Of a SET; its pieces if it came in parts. */
  readonly value: Uint8Array | PieceChain;
  readonly deadlineLow: number;
  readonly deadlineHigh: number;
}

/** A value in parts whose last part has not come. */
interface OpenValue {
  readonly chain: PieceChain;
  readonly wholeLength: number;
  readonly database: number;
  readonly key: Buffer;
}

interface OpenGroup {
  readonly count: number;
  metCount: number;
  readonly changes: Change[];
  /** By partition. */
  readonly openValues: Map<number, OpenValue>;
  readonly lastIndices: Map<number, number>;
}

/** Where parts go: the store's pieces. Appending throws when memory is full. */
export interface PartPlace {
  append(chain: PieceChain, bytes: Uint8Array): void;
  give(chain: PieceChain): void;
}

export class GroupAssembly {
  readonly #place: PartPlace;
  readonly #groups = new Map<number, OpenGroup>();

  constructor(place: PartPlace) {
    this.#place = place;
  }

  /** Groups that are not whole, in no order. */
  get openIds(): number[] {
    return [...this.#groups.keys()];
  }

  isOpen(groupId: number): boolean {
    return this.#groups.has(groupId);
  }

  /**
   * Takes the member that a reader is at. The changes of its group, in order, when this was the
   * last one; null when some are missing; what is wrong when it cannot be a member.
   */
  add(partition: number, member: RecordReader): readonly Change[] | string | null {
    const { groupId, groupCount, groupIndex } = member;
    const group = this.#groups.get(groupId) ?? makeGroup(groupCount);
    this.#groups.set(groupId, group);
    const lastIndex = group.lastIndices.get(partition) ?? -1;
    if (groupCount !== group.count) return "the records of a group differ on their number";
    if (groupIndex <= lastIndex || groupIndex >= groupCount) return "a group is out of order";
    group.lastIndices.set(partition, groupIndex);
    const fault =
      member.kind === RECORD_KIND.PART
        ? this.#addPart(group, partition, member)
        : addChange(group, partition, member);
    if (fault !== null) return fault;
    if (++group.metCount < group.count) return null;
    if (group.openValues.size > 0) return "a value in parts has no end";
    this.#groups.delete(groupId);
    return group.changes.toSorted((one, other) => one.index - other.index);
  }

  /** Forgets a group of which members are missing. */
  drop(groupId: number): void {
    const group = this.#groups.get(groupId);
    if (group === undefined) return;
    this.#groups.delete(groupId);
    for (const { value } of group.changes) {
      if (!(value instanceof Uint8Array)) this.#place.give(value);
    }
  }

  #addPart(group: OpenGroup, partition: number, member: RecordReader): string | null {
    const { database, partOffset, valueOffset, valueLength, wholeLength } = member;
    let open = group.openValues.get(partition);
    if (open === undefined) {
      open = { chain: emptyChain(), wholeLength, database, key: keyOf(member) };
      group.openValues.set(partition, open);
      group.changes.push(changeOf(partition, member, RECORD_KIND.SET, open.key, open.chain));
    }
    const isSame =
      open.database === database && open.wholeLength === wholeLength && hasKey(member, open.key);
    if (!isSame || open.chain.length !== partOffset) {
      return "the parts of a value do not follow each other";
    }
    const part = member.area.bytes.subarray(valueOffset, valueOffset + valueLength);
    this.#place.append(open.chain, part);
    if (open.chain.length === wholeLength) group.openValues.delete(partition);
    return null;
  }
}

function makeGroup(count: number): OpenGroup {
  return { count, metCount: 0, changes: [], openValues: new Map(), lastIndices: new Map() };
}

function addChange(group: OpenGroup, partition: number, member: RecordReader): string | null {
  if (group.openValues.has(partition)) return "a value in parts is interrupted";
  const { area, kind, valueOffset, valueLength } = member;
  const value = Buffer.from(area.bytes.subarray(valueOffset, valueOffset + valueLength));
  group.changes.push(changeOf(partition, member, kind, keyOf(member), value));
  return null;
}

function changeOf(
  partition: number,
  member: RecordReader,
  kind: RecordKind,
  key: Buffer,
  value: Uint8Array | PieceChain,
): Change {
  const { groupIndex: index, database, deadlineLow, deadlineHigh } = member;
  return { index, partition, kind, database, key, value, deadlineLow, deadlineHigh };
}

/** A copy. */
function keyOf({ area, keyOffset, keyLength }: RecordReader): Buffer {
  return Buffer.from(area.bytes.subarray(keyOffset, keyOffset + keyLength));
}

function hasKey({ area, keyOffset, keyLength }: RecordReader, key: Buffer): boolean {
  return key.compare(area.bytes, keyOffset, keyOffset + keyLength) === 0;
}
