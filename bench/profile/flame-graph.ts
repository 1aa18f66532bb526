// A flame graph as one SVG file that any browser opens: the full name is the box's title, a click
// makes a box as wide as the picture, a click on the lowest box takes that back.

import { layOutFlames, type FlameBox } from "./flame-layout.ts";
import { FRAME_KIND, kindOf, nameOf, type FoldedStacks, type FrameKind } from "./folded-stacks.ts";

const WIDTH = 1200;
const ROW_HEIGHT = 17;
const TITLE_HEIGHT = 44;
const MARGIN = 8;
/** What is narrower is not drawn. */
const BOX_WIDTH_MIN = 0.25;
const CHARACTER_WIDTH = 6.6;
const TEXT_INDENT = 3;
/** Fewer letters of a name say nothing. */
const LETTERS_MIN = 3;

const HUE = { kernel: 24, jit: 130, native: 210 } as const;
const LEGEND = "green: compiled JavaScript, orange: kernel, blue: native code";

/** Runs in the browser, where the constants above are parameters. */
const SCRIPT = `
  const boxes = [...document.querySelectorAll("g.box")].map((element) => {
    const [rect, text] = [element.querySelector("rect"), element.querySelector("text")];
    const { left, width, name } = element.dataset;
    return { element, rect, text, name, left: Number(left), width: Number(width) };
  });
  function place(box, left, width) {
    const isSeen = width >= ${BOX_WIDTH_MIN} && left < ${WIDTH} && left + width > 0;
    box.element.style.display = isSeen ? "" : "none";
    if (!isSeen) return;
    const begin = Math.max(left, 0);
    const seen = Math.min(left + width, ${WIDTH}) - begin;
    box.rect.setAttribute("x", begin + ${MARGIN});
    box.rect.setAttribute("width", seen);
    box.text.setAttribute("x", begin + ${MARGIN + TEXT_INDENT});
    box.text.textContent = shorten(box.name, seen);
  }
  function shorten(name, width) {
    const room = Math.floor((width - ${2 * TEXT_INDENT}) / ${CHARACTER_WIDTH});
    if (name.length <= room) return name;
    return room < ${LETTERS_MIN} ? "" : name.slice(0, room - 1) + "…";
  }
  function zoom(to) {
    const scale = ${WIDTH} / to.width;
    // What only touches the box lies beside it, however the shares were rounded.
    const touch = 1e-9;
    for (const box of boxes) {
      const isBeside =
        box.left + box.width <= to.left + touch || box.left >= to.left + to.width - touch;
      place(box, (box.left - to.left) * scale, isBeside ? 0 : box.width * scale);
    }
  }
  for (const box of boxes) box.element.addEventListener("click", () => zoom(box));
`;

export function renderFlameGraph(stacks: FoldedStacks, title: string): string {
  const boxes = layOutFlames(stacks, BOX_WIDTH_MIN / WIDTH);
  const depth = Math.max(0, ...boxes.map((box) => box.depth)) + 1;
  const height = TITLE_HEIGHT + depth * ROW_HEIGHT + MARGIN;
  const width = WIDTH + 2 * MARGIN;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}"` +
      ` width="${width}" height="${height}" font-family="monospace" font-size="11">`,
    "<style>g.box { cursor: pointer } g.box:hover rect { stroke: black }</style>",
    `<rect width="100%" height="100%" fill="white"/>`,
    `<text x="${MARGIN}" y="18" font-size="14">${escapeXml(title)}</text>`,
    `<text x="${MARGIN}" y="34" fill="gray">${LEGEND}; click to zoom</text>`,
    ...boxes.map((box) => renderBox(box, height)),
    boxes.length === 0 ? "" : `<script><![CDATA[${SCRIPT}]]></script>`,
    "</svg>\n",
  ].join("\n");
}

/** Text as it may stand in an element and in an attribute. */
export function escapeXml(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll(/[\x00-\x08\x0b\x0c\x0e-\x1f]/g, "?");
}

function renderBox({ frame, depth, left, width, sampleCount }: FlameBox, height: number): string {
  const name = escapeXml(nameOf(frame));
  const letters = escapeXml(shorten(nameOf(frame), width * WIDTH));
  const x = MARGIN + left * WIDTH;
  const y = height - MARGIN - (depth + 1) * ROW_HEIGHT;
  const kind = kindOf(frame);
  const share = `${(width * 100).toFixed(2)} %, ${sampleCount} samples, ${kind}`;
  return (
    `<g class="box" data-left="${left}" data-width="${width}" data-name="${name}">` +
    `<title>${name} (${share})</title>` +
    `<rect x="${x.toFixed(2)}" y="${y}" width="${(width * WIDTH).toFixed(2)}"` +
    ` height="${ROW_HEIGHT - 1}" rx="1" fill="${colorOf(frame, kind)}"/>` +
    `<text x="${(x + TEXT_INDENT).toFixed(2)}" y="${y + ROW_HEIGHT - 5}">${letters}</text></g>`
  );
}

/** As much of the name as has room; the script has its twin. */
function shorten(name: string, width: number): string {
  const room = Math.floor((width - 2 * TEXT_INDENT) / CHARACTER_WIDTH);
  if (name.length <= room) return name;
  return room < LETTERS_MIN ? "" : `${name.slice(0, room - 1)}…`;
}

/** The kind gives the hue, the name the lightness: the same function looks the same everywhere. */
function colorOf(frame: string, kind: FrameKind): string {
  const lightness = 62 + (Bun.hash.crc32(frame) % 18);
  return `hsl(${HUE[kind]}, ${kind === FRAME_KIND.NATIVE ? 55 : 75}%, ${lightness}%)`;
}
