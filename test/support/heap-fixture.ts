import { Arena, PAGE_SIZE, reserveArena } from "../../src/store/arena.ts";
import { BlockHeap } from "../../src/store/block-heap.ts";
import {
  layOutControl,
  reserveControl,
  type ControlLayout,
} from "../../src/store/control-memory.ts";
import { PagePool } from "../../src/store/page-pool.ts";

/** An arena cut into pages and blocks, with nothing above it. */
export class HeapFixture {
  readonly arena: Arena;
  readonly control: Int32Array;
  readonly layout: ControlLayout;
  readonly pool: PagePool;
  readonly heap: BlockHeap;
  readonly releasedPages: number[] = [];
  canRelease = true;

  constructor(pageCount: number, segmentBits = 1) {
    const buffers = reserveArena(pageCount * PAGE_SIZE);
    this.layout = layOutControl(buffers.pageCount, segmentBits);
    this.control = new Int32Array(reserveControl(this.layout));
    this.arena = new Arena(buffers);
    this.pool = new PagePool(this.control, this.layout, (page) => {
      if (this.canRelease) this.releasedPages.push(page);
      return this.canRelease;
    });
    this.heap = new BlockHeap(this.arena, this.control, this.layout, this.pool);
  }
}
