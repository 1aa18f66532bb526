// DURABILITY and DURABLE: what the replies of a v1 connection promise of the writes before them
// (docs/DURABILITY.md), as CLIENT DURABILITY and DURABLE of RESP.

import type { Batch } from "../batch/batch.ts";
import type { ByteArea } from "../lib/byte-area.ts";
import { DURABILITY_CHOICES, type DurabilityChoice } from "../lib/durability-choice.ts";
import type { V1Replies } from "../protocol/v1-replies.ts";

/** Who sees to it; the connection's number is all that it has to know of a client. */
export interface OwnDurability {
  /** For all replies to come; null = what the server's promise. */
  setDurability(client: {
    readonly connection: number;
    readonly durability: DurabilityChoice | null;
  }): void;
  /** For the reply that comes next, at least. */
  demandDurability(client: { readonly connection: number }, durability: DurabilityChoice): void;
}

const DEFAULT = "default";
/** Of a DURABLE frame: length, opcode, then the word behind its length. */
const WORD_LENGTH_OFFSET = 3;
const WORD_OFFSET = 5;

export class DurabilityCommands {
  readonly #source: ByteArea;
  readonly #replies: V1Replies;
  readonly #own: () => OwnDurability | null;

  /** `source` holds the requests; `own` is null when nothing is kept on disk. */
  constructor(source: ByteArea, replies: V1Replies, own: () => OwnDurability | null) {
    this.#source = source;
    this.#replies = replies;
    this.#own = own;
  }

  choose(batch: Batch, row: number, connection: number): boolean {
    const own = this.#own();
    const word = this.#word(batch.valueOffsets[row]!, batch.valueLengths[row]!);
    const durability = readChoice(word);
    if (own === null || (durability === null && word !== DEFAULT)) {
      return this.#replies.error(connection);
    }
    // Before the reply, which it is the promise of already. If there is no room it comes again.
    own.setDurability({ connection, durability });
    return this.#replies.ok(connection);
  }

  /** Takes note of what a DURABLE asks for; false when it is an error. */
  demand(batch: Batch, row: number, connection: number): boolean {
    const own = this.#own();
    const frame = batch.frameOffsets[row]!;
    const length = this.#source.view.getUint16(frame + WORD_LENGTH_OFFSET);
    const durability = readChoice(this.#word(frame + WORD_OFFSET, length));
    if (own === null || durability === null) return false;
    own.demandDurability({ connection }, durability);
    return true;
  }

  #word(offset: number, length: number): string {
    return this.#source.bytes.toString("latin1", offset, offset + length).toLowerCase();
  }
}

function readChoice(word: string): DurabilityChoice | null {
  return DURABILITY_CHOICES.find((choice) => choice === word) ?? null;
}
