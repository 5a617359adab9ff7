// A colour and a shape for each class: Okabe and Ito's palette, and shapes for who sees no colour at all.

// The same as in the pictures of the command line; the last one is the theme's own ink.
export const COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "--seventh"];
// As many as the task has classes, so that no two of its classes share one.
export const SHAPES = ["circle", "square", "up", "diamond", "down", "plus", "cross", "star", "pentagon", "left", "right", "hexagon", "thin"];

/** The value of a theme colour, such as "--ink". */
export function theme(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** The colour of a class, or what the theme has instead where that cannot be seen on its ground. */
export function colourOf(classIndex) {
  const colour = theme(`--class-${classIndex % COLOURS.length}`) || COLOURS[classIndex % COLOURS.length];
  return colour.startsWith("--") ? theme(colour) : colour;
}

/** The shape of a class; no two of 91 classes share colour and shape. */
export function shapeOf(classIndex) {
  return SHAPES[classIndex % SHAPES.length];
}

/** Corners on a circle, the first at an angle in degrees (0 is right, 90 is down). */
function polygon(count, first, radii = [1.1]) {
  return Array.from({ length: count }, (_, i) => {
    const angle = ((first + (360 * i) / count) * Math.PI) / 180, radius = radii[i % radii.length];
    return [radius * Math.cos(angle), radius * Math.sin(angle)];
  });
}

// Corners around (0, 0) in a circle of radius 1; nothing for the circle itself.
const arm = 0.38;
const CORNERS = {
  square: polygon(4, 45, [1.2]), diamond: polygon(4, 0), pentagon: polygon(5, -90), hexagon: polygon(6, 0),
  up: polygon(3, -90, [1.2]), down: polygon(3, 90, [1.2]), left: polygon(3, 180, [1.2]), right: polygon(3, 0, [1.2]),
  star: polygon(10, -90, [1.3, 0.55]), thin: [[0, -1.25], [0.65, 0], [0, 1.25], [-0.65, 0]],
  plus: [[-arm, -1], [arm, -1], [arm, -arm], [1, -arm], [1, arm], [arm, arm],
    [arm, 1], [-arm, 1], [-arm, arm], [-1, arm], [-1, -arm], [-arm, -arm]],
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
