import { describe, expect, test } from "bun:test";
import { renderFolded } from "../../../bench/profile/folded-stacks.ts";
import { JitSymbols } from "../../../bench/profile/jit-symbols.ts";
import { foldPerfScript } from "../../../bench/profile/perf-script.ts";

/** As perf 6.1 prints it. */
const SAMPLE = `Worker 4244 
	ffffffff81a3c1b2 tcp_sendmsg ([kernel.kallsyms])
	ffffffffc0a01000 [unknown] ([nf_tables])
	    7fb141230540 [unknown] (//anon)
	    7fb141239999 [unknown] (//anon)
	         3a41f20 [unknown] (/usr/local/bin/bun)
	         3a41f88 [unknown] (/usr/local/bin/bun)

HTTP Client 2 4242/4245 
	    7fb150000010 operator new(unsigned long) (/usr/lib/libstdc++.so.6)
	    7fb160000000 [unknown] (/memfd:code (deleted))

bun 4242 
	    7ffd00000010 [unknown] ([vdso])

bun 4242 

`;

const symbols = new JitSymbols([{ begin: 0x7fb141230500, end: 0x7fb141230600, name: "get [FTL]" }]);

describe("foldPerfScript", () => {
  test("reads samples of the kernel, of compiled code and of native code", () => {
    const stacks = foldPerfScript(SAMPLE, symbols);
    expect(renderFolded(stacks).split("\n")).toEqual([
      "Worker;[bun];[unknown];get [FTL]_[j];[kernel]_[k];tcp_sendmsg_[k] 1",
      "HTTP Client 2;[memfd:code];operator new(unsigned long) 1",
      "bun;[unknown] 2",
      "",
    ]);
  });

  test("reads the last sample without an empty line after it", () => {
    const text = "bun 1 \n\t    400000 main (/bin/a)";
    expect(renderFolded(foldPerfScript(text, symbols))).toBe("bun;main 1\n");
  });

  test("finds nothing in nothing", () => {
    expect(foldPerfScript("", symbols).size).toBe(0);
  });
});
