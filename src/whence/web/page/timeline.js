// Everything over time: both channels, azimuth (left above), and a lane of bars for each class.

import { colourOf, drawMark, opacityOf, theme } from "./marks.js";

const CHANNEL_HEIGHT = 58, GAP = 10, AZIMUTH_HEIGHT = 170, LANE_HEIGHT = 22, AXIS_HEIGHT = 24;
export const FONT = '12px system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif';

/** Where each part is: boxes in CSS pixels, and the functions between seconds and x. */
export function layoutOf(width, model) {
  const gutter = width < 520 ? 74 : 124, right = 18; // half a number of the axis stands out
  const inner = Math.max(width - gutter - right, 40);
  const box = (y, height) => ({ x: gutter, y, width: inner, height });
  const channels = [box(0, CHANNEL_HEIGHT), box(CHANNEL_HEIGHT + 3, CHANNEL_HEIGHT)];
  const azimuth = box(2 * CHANNEL_HEIGHT + 3 + GAP, AZIMUTH_HEIGHT);
  const first = azimuth.y + AZIMUTH_HEIGHT + GAP;
  const present = [...new Set(model.events.map((event) => event.class))].sort((a, b) => a - b);
  const lanes = new Map(present.map((classIndex, i) => [classIndex, box(first + i * LANE_HEIGHT, LANE_HEIGHT)]));
  const axis = box(first + present.length * LANE_HEIGHT, AXIS_HEIGHT);
  const { start_s, end_s } = model.view;
  return {
    gutter, channels, azimuth, lanes, axis, width, height: axis.y + AXIS_HEIGHT,
    xOf: (time_s) => gutter + ((time_s - start_s) / (end_s - start_s)) * inner,
    timeOf: (x) => start_s + ((x - gutter) / inner) * (end_s - start_s),
  };
}

/** Draw all but the cursor. */
export function drawTimeline(context, layout, model) {
  context.clearRect(0, 0, layout.width, layout.height);
  context.font = FONT;
  context.textBaseline = "middle";
  layout.channels.forEach((box, channel) => {
    model.spectrogram.draw(context, channel, box, model.view.start_s, model.view.end_s);
    gutterText(context, channel ? "right" : "left", box, layout);
  });
  drawTimes(context, layout, model);
  drawAzimuths(context, layout, model);
  for (const [classIndex, box] of layout.lanes) drawLane(context, classIndex, box, layout, model);
}

function gutterText(context, text, box, layout, room = layout.gutter - 10) {
  context.fillStyle = theme("--quiet");
  context.textAlign = "right";
  let shown = text;
  while (shown.length > 2 && context.measureText(shown).width > room) shown = `${shown.slice(0, -2)}\u2026`;
  context.fillText(shown, layout.gutter - 8, box.y + box.height / 2);
}

/** Lines and numbers of whole times, as many as there is room for. */
function drawTimes(context, layout, model) {
  const { start_s, end_s } = model.view;
  const least_s = (end_s - start_s) * (64 / layout.axis.width);
  const step_s = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120].find((step) => step >= least_s) ?? 300;
  context.textAlign = "center";
  for (let i = Math.ceil(start_s / step_s - 1e-9); i * step_s <= end_s + 1e-9; i++) {
    const x = Math.round(layout.xOf(i * step_s)) + 0.5;
    line(context, x, layout.azimuth.y, x, layout.axis.y + 4, theme("--grid"));
    context.fillStyle = theme("--quiet");
    context.fillText(clockText(i * step_s, step_s), x, layout.axis.y + 14);
  }
}

/** "3.5 s", and "2:05" from a minute on. */
export function clockText(time_s, step_s = 0.1) {
  if (time_s < 60) return `${step_s < 1 ? time_s.toFixed(1) : Math.round(time_s)} s`;
  const minutes = Math.floor(time_s / 60 + 1e-9), rest_s = Math.max(time_s - 60 * minutes, 0);
  return `${minutes}:${step_s < 1 ? rest_s.toFixed(1).padStart(4, "0") : String(Math.round(rest_s)).padStart(2, "0")}`;
}

function line(context, x0, y0, x1, y1, colour, width = 1) {
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.beginPath();
  context.moveTo(x0, y0);
  context.lineTo(x1, y1);
  context.stroke();
}

const azimuthY = (box, azimuth_deg, reach_deg) => box.y + 8 + ((reach_deg - azimuth_deg) / (2 * reach_deg)) * (box.height - 16);
const reachOf = (model) => (model.isAround ? 180 : 90);
const TICKS_AHEAD = [[90, "90\u00b0 left"], [45, "45\u00b0"], [0, "ahead"], [-45, "45\u00b0"], [-90, "90\u00b0 right"]];
const TICKS_AROUND = [[180, "behind"], [90, "90\u00b0 left"], [0, "ahead"], [-90, "90\u00b0 right"], [-180, "behind"]];

function drawAzimuths(context, layout, model) {
  const box = layout.azimuth;
  for (const [azimuth_deg, text] of model.isAround ? TICKS_AROUND : TICKS_AHEAD) {
    const y = Math.round(azimuthY(box, azimuth_deg, reachOf(model))) + 0.5;
    line(context, box.x, y, box.x + box.width, y, theme(azimuth_deg ? "--grid" : "--line"));
    gutterText(context, text, { y: y - 1, height: 2 }, layout);
  }
  clipped(context, box, () => {
    for (const event of model.events) {
      if (event.azimuth_deg === null || event.offset_s < model.view.start_s || event.onset_s > model.view.end_s) continue;
      drawTrack(context, event, layout, model);
    }
  });
}

/** One event as a line through its frames, with marks as far apart as they need to be. */
function drawTrack(context, event, layout, model) {
  const xs = event.rows.map((i) => layout.xOf(model.rows.frame[i] / 10 + 0.05));
  const ys = event.rows.map((i) => azimuthY(layout.azimuth, model.rows.azimuth_deg[i], reachOf(model)));
  context.save();
  context.globalAlpha = opacityOf(event.score);
  context.strokeStyle = colourOf(event.class);
  context.lineWidth = 2;
  context.lineJoin = "round";
  context.beginPath();
  // A source that moves past the back goes on at the other edge.
  const jumps = (i) => Math.abs(ys[i] - ys[i - 1]) > layout.azimuth.height / 2;
  xs.forEach((x, i) => context[i && !(model.isAround && jumps(i)) ? "lineTo" : "moveTo"](x, ys[i]));
  context.stroke();
  context.restore();
  let last = -Infinity;
  xs.forEach((x, i) => {
    if (x - last < 13) return;
    last = x;
    drawMark(context, event.class, x, ys[i], 4, model.rows.score[event.rows[i]]);
  });
}

function drawLane(context, classIndex, box, layout, model) {
  line(context, box.x, box.y + 0.5, box.x + box.width, box.y + 0.5, theme("--grid"));
  gutterText(context, model.classes[classIndex], box, layout, layout.gutter - 28);
  const shown = Math.min(context.measureText(model.classes[classIndex]).width, layout.gutter - 28);
  drawMark(context, classIndex, layout.gutter - 18 - shown, box.y + box.height / 2, 5);
  clipped(context, box, () => {
    for (const event of model.events) if (event.class === classIndex) drawBar(context, event, layout, model);
  });
}

function drawBar(context, event, layout, model) {
  const box = barOf(event, layout, model);
  context.save();
  context.globalAlpha = opacityOf(event.score);
  context.fillStyle = colourOf(event.class);
  context.beginPath();
  context.roundRect(box.x, box.y, box.width, box.height, 3);
  context.fill();
  context.restore();
}

/** Where the bar of an event is; sources of one class that sound together lie below each other. */
export function barOf(event, layout, model) {
  const lane = layout.lanes.get(event.class);
  const tracks = model.tracksOf.get(event.class) ?? 1;
  const height = (lane.height - 6) / tracks;
  const x = layout.xOf(event.onset_s);
  return { x, y: lane.y + 3 + event.track * height, width: Math.max(layout.xOf(event.offset_s) - x, 3), height: height - (tracks > 1) };
}

/** The event whose bar, or line in the azimuth lane, is at a point. */
export function eventAt(x, y, layout, model) {
  const bar = model.events.find((event) => {
    const box = barOf(event, layout, model);
    return x >= box.x - 2 && x <= box.x + box.width + 2 && y >= box.y && y <= box.y + box.height;
  });
  if (bar || y < layout.azimuth.y || y > layout.azimuth.y + layout.azimuth.height) return bar;
  return model.events.find((event) => event.azimuth_deg !== null && event.rows.some((i) =>
    Math.hypot(layout.xOf(model.rows.frame[i] / 10 + 0.05) - x, azimuthY(layout.azimuth, model.rows.azimuth_deg[i], reachOf(model)) - y) < 7));
}

/** Draw the looped part and the cursor, on a canvas of their own. */
export function drawCursor(context, layout, model) {
  context.clearRect(0, 0, layout.width, layout.height);
  clipped(context, { x: layout.gutter, y: 0, width: layout.axis.width, height: layout.height }, () => {
    if (model.loop) {
      const x = layout.xOf(model.loop.onset_s), width = layout.xOf(model.loop.offset_s) - x;
      context.fillStyle = theme("--accent");
      context.globalAlpha = 0.14;
      context.fillRect(x, 0, width, layout.axis.y);
      context.globalAlpha = 1;
      for (const edge of [x, x + width]) line(context, edge, 0, edge, layout.axis.y, theme("--accent"), 1.5);
    }
    const x = layout.xOf(model.cursor_s);
    line(context, x, 0, x, layout.axis.y, theme("--cursor"), 2);
  });
}

function clipped(context, box, draw) {
  context.save();
  context.beginPath();
  context.rect(box.x, box.y, box.width, box.height);
  context.clip();
  draw();
  context.restore();
}
