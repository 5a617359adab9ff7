// Colours and shapes, of the palette that the server has for all its pictures.

let palette = null;
const positions = new Map(); // of classes in the palette: the most distinct styles come first
const dark = matchMedia("(prefers-color-scheme: dark)");

/** Take the server's palette: colours for both themes, and the corners of each shape in a circle of radius 1. */
export function usePalette(fromServer) {
  palette = fromServer;
}

/** 256 colours from silence to loud, each red, green and blue. */
export function levelColours() {
  return palette.levels;
}

/** Give the next styles to the classes that have none yet. */
export function assignStyles(classIndices) {
  for (const classIndex of [...new Set(classIndices)].sort((a, b) => a - b)) {
    if (!positions.has(classIndex)) positions.set(classIndex, positions.size);
  }
}

/** Begin anew, for another sound. */
export function forgetStyles() {
  positions.clear();
}

/** The value of a theme colour, such as "--ink". */
export function theme(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** The colour of a class in the present theme. */
export function colourOf(classIndex) {
  const colours = dark.matches ? palette.dark : palette.light;
  return colours[positions.get(classIndex) % colours.length];
}

function tracePath(context, classIndex, x, y, radius) {
  context.beginPath();
  const corners = palette.markers[positions.get(classIndex) % palette.markers.length];
  corners.forEach(([dx, dy], i) => context[i ? "lineTo" : "moveTo"](x + dx * radius, y + dy * radius));
  context.closePath();
}

/** Draw the mark of a class; `sure` from 0 to 1 is how opaque it is. */
export function drawMark(context, classIndex, x, y, radius, sure = 1) {
  context.save();
  context.globalAlpha *= opacityOf(sure);
  tracePath(context, classIndex, x, y, radius);
  context.fillStyle = colourOf(classIndex);
  context.fill();
  context.restore();
}

/** How opaque a score is drawn: never so faint that it cannot be found. */
export function opacityOf(score) {
  return 0.2 + 0.8 * score;
}

/** A small canvas with the mark of a class, for lists and tables. */
export function markElement(classIndex) {
  const canvas = document.createElement("canvas");
  canvas.className = "mark";
  canvas.width = canvas.height = 32;
  canvas.setAttribute("aria-hidden", "true");
  drawMark(canvas.getContext("2d"), classIndex, 16, 16, 11);
  return canvas;
}
