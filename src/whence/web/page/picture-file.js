// What is shown as one picture to take away.

import { drawMap } from "./map.js";
import { theme } from "./marks.js";
import { drawTimeline, layoutOf } from "./timeline.js";

const WIDTH = 1200, MAP_WIDTH = 400, MARGIN = 20, TITLE_HEIGHT = 30, SCALE = 2;

/** A PNG of map and timeline side by side, in the colours of the page. */
export function pictureBlob(model, title) {
  const mapHeight = model.isAround ? MAP_WIDTH : 270;
  const layout = layoutOf(WIDTH - MAP_WIDTH - 3 * MARGIN, model);
  const height = TITLE_HEIGHT + Math.max(layout.height, mapHeight) + 2 * MARGIN;
  const canvas = document.createElement("canvas");
  canvas.width = WIDTH * SCALE;
  canvas.height = height * SCALE;
  const context = canvas.getContext("2d");
  context.scale(SCALE, SCALE);
  context.fillStyle = theme("--sheet");
  context.fillRect(0, 0, WIDTH, height);
  context.fillStyle = theme("--ink");
  context.font = "600 16px system-ui, sans-serif";
  context.fillText(title, MARGIN, MARGIN + 12, WIDTH - 2 * MARGIN);
  paste(context, MARGIN, MARGIN + TITLE_HEIGHT, MAP_WIDTH, mapHeight, (part) => drawMap(part, MAP_WIDTH, mapHeight, { ...model, isTimed: false }));
  paste(context, MAP_WIDTH + 2 * MARGIN, MARGIN + TITLE_HEIGHT, layout.width, layout.height, (part) => drawTimeline(part, layout, model));
  return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
}

// Each part clears its own ground first, so it is drawn on a sheet of its own.
function paste(context, x, y, width, height, draw) {
  const sheet = document.createElement("canvas");
  sheet.width = width * SCALE;
  sheet.height = height * SCALE;
  const part = sheet.getContext("2d");
  part.scale(SCALE, SCALE);
  draw(part);
  context.drawImage(sheet, x, y, width, height);
}

/** Offer a blob as a file. */
export function offer(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
