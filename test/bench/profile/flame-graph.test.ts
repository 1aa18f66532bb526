import { describe, expect, test } from "bun:test";
import { escapeXml, renderFlameGraph } from "../../../bench/profile/flame-graph.ts";
import { FRAME_KIND, frameOf } from "../../../bench/profile/folded-stacks.ts";

describe("renderFlameGraph", () => {
  const odd = frameOf(`a<b>&"c"`, FRAME_KIND.JIT);
  const svg = renderFlameGraph(
    new Map([
      [`t;${odd}`, 3],
      ["t", 1],
    ]),
    "GET & more",
  );

  test("has a box with a title for every function", () => {
    expect([...svg.matchAll(/<title>(.*)<\/title>/g)].map(([, title]) => title)).toEqual([
      "all (100.00 %, 4 samples, native)",
      "t (100.00 %, 4 samples, native)",
      "a&lt;b&gt;&amp;&quot;c&quot; (75.00 %, 3 samples, jit)",
    ]);
    expect(svg).toContain('data-left="0" data-width="0.75"');
    expect(svg).toContain('width="900.00"');
    expect(svg).toContain("GET &amp; more");
  });

  test("refers to nothing outside and is well formed", () => {
    expect(svg.match(/https?:[^"]*/g)).toEqual(["http://www.w3.org/2000/svg"]);
    const markup = svg.replace(/<!\[CDATA\[.*?\]\]>/s, "");
    const count = (pattern: RegExp) => [...markup.matchAll(pattern)].length;
    for (const tag of ["svg", "g", "text", "title", "script", "style"]) {
      expect(count(new RegExp(`<${tag}[ >]`, "g"))).toBe(count(new RegExp(`</${tag}>`, "g")));
    }
    expect(markup).not.toMatch(/&(?!amp;|lt;|gt;|quot;)/);
  });

  test("has a script that is JavaScript", () => {
    const script = /<!\[CDATA\[(.*?)\]\]>/s.exec(svg)![1]!;
    expect(() => new Function(script)).not.toThrow();
  });

  test("makes a box that is clicked as wide as the picture, and hides those beside it", () => {
    const script = /<!\[CDATA\[(.*?)\]\]>/s.exec(svg)![1]!;
    const box = (name: string, left: number, width: number) => {
      const [rect, text] = [new Map<string, unknown>(), new Map<string, unknown>()];
      const part = (attributes: Map<string, unknown>) => ({
        textContent: "",
        setAttribute: (key: string, value: unknown) => attributes.set(key, value),
      });
      const parts: Record<string, object> = { rect: part(rect), text: part(text) };
      let click = (): void => {};
      return {
        rect,
        dataset: { name, left: `${left}`, width: `${width}` },
        style: { display: "" },
        querySelector: (tag: string) => parts[tag],
        addEventListener: (_: string, listener: () => void) => (click = listener),
        click: () => click(),
      };
    };
    const boxes = [box("all", 0, 1), box("a", 0, 0.75), box("b", 0.75, 0.25), box("c", 0.75, 0.1)];
    new Function("document", script)({ querySelectorAll: () => boxes });
    const seen = () =>
      boxes.map(({ rect, style }) =>
        style.display === "none" ? null : Math.round(Number(rect.get("width"))),
      );
    boxes[2]!.click();
    expect(seen()).toEqual([1200, null, 1200, 480]);
    boxes[0]!.click();
    expect(seen()).toEqual([1200, 900, 300, 120]);
  });

  test("of nothing is a picture all the same", () => {
    expect(renderFlameGraph(new Map(), "nothing")).toEndWith("</svg>\n");
  });
});

describe("escapeXml", () => {
  test("leaves nothing that is markup or cannot be in XML", () => {
    expect(escapeXml("a<b>&\"'\u0001")).toBe("a&lt;b&gt;&amp;&quot;'?");
  });
});
