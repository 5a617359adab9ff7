// A colour and a shape for each class: Okabe and Ito's palette, and shapes for who sees no colour at all.

// The same as in the pictures of the command line; the last one is the theme's own ink.
export const COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "--seventh"];
export const SHAPES = ["circle", "square", "triangle", "diamond", "wedge", "plus", "cross"];

/** The value of a theme colour, such as "--ink". */
export function theme(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** The colour of a class. */
export function colourOf(classIndex) {
  const colour = COLOURS[classIndex % COLOURS.length];
  return colour.startsWith("--") ? theme(colour) : colour;
}

/** The shape of a class; no two of 49 classes share colour and shape. */
export function shapeOf(classIndex) {
  const shift = Math.floor(classIndex / COLOURS.length);
  return SHAPES[(classIndex + shift) % SHAPES.length];
}

// Corners around (0, 0) in a circle of radius 1; nothing for the circle itself.
const thin = 0.38, wide = 1;
const CORNERS = {
  square: [[-0.85, -0.85], [0.85, -0.85], [0.85, 0.85], [-0.85, 0.85]],
  triangle: [[0, -1], [0.95, 0.8], [-0.95, 0.8]],
  diamond: [[0, -1.1], [1.1, 0], [0, 1.1], [-1.1, 0]],
  wedge: [[-0.95, -0.8], [0.95, -0.8], [0, 1]],
  plus: [[-thin, -wide], [thin, -wide], [thin, -thin], [wide, -thin], [wide, thin], [thin, thin],
    [thin, wide], [-thin, wide], [-thin, thin], [-wide, thin], [-wide, -thin], [-thin, -thin]],
};
CORNERS.cross = CORNERS.plus.map(([x, y]) => [(x - y) * Math.SQRT1_2, (x + y) * Math.SQRT1_2]);

/** Put the shape of a class on a canvas as a path around (x, y). */
export function tracePath(context, classIndex, x, y, radius) {
  context.beginPath();
  const corners = CORNERS[shapeOf(classIndex)];
  if (!corners) {
    context.arc(x, y, radius, 0, 2 * Math.PI);
    return;
  }
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
