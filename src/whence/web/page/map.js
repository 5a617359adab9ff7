// The half plane in front of the listener, or all around, from above: ahead is up, left is left.

import { drawMark, theme } from "./marks.js";
import { directionText, distanceText } from "./events.js";
import { FONT } from "./timeline.js";

const RINGS_M = [1, 2, 4, 8];
// Each doubling of the distance is about one step outwards; what is near is what matters most.
const outwards = (distance_m) => Math.log2(1 + Math.min(distance_m, 9.5)) / Math.log2(1 + 8);
const NOT_KNOWN = outwards(9.5);
const RING_NAME = 0.39; // radians to the right: a ring is interrupted there for its name

/** Draw rings, the listener, and the sounds; returns where the sounds are, for pointing at them. */
export function drawMap(context, width, height, model) {
  const { isAround } = model, high = isAround ? (height - 48) / 2 : height - 52;
  const radius = Math.min((width - 36) / 2, high) / NOT_KNOWN;
  const centre = { x: width / 2, y: isAround ? height / 2 : height - 26 };
  context.clearRect(0, 0, width, height);
  context.font = FONT;
  drawRings(context, centre, radius, isAround);
  const spots = spotsOf(model).map((spot) => {
    const azimuth = (spot.azimuth_deg * Math.PI) / 180;
    const away = radius * (spot.distance_m === null ? NOT_KNOWN : outwards(spot.distance_m));
    return { ...spot, x: centre.x - away * Math.sin(azimuth), y: centre.y - away * Math.cos(azimuth) };
  });
  for (const spot of spots) drawMark(context, spot.class, spot.x, spot.y, spot.now ? 9 : 6, spot.sure);
  drawLabels(context, spots.filter((spot) => spot.now), model.classes, width);
  return spots;
}

function drawRings(context, centre, radius, isAround) {
  context.textBaseline = "middle";
  context.textAlign = "center";
  for (const ring_m of RINGS_M) {
    const away = radius * outwards(ring_m);
    context.strokeStyle = theme("--line");
    context.lineWidth = 1;
    context.beginPath();
    const [gap, half] = [1.5 * Math.PI + RING_NAME, 17 / away];
    context.arc(centre.x, centre.y, away, isAround ? gap + half - 2 * Math.PI : Math.PI, gap - half);
    if (!isAround) {
      context.moveTo(centre.x + away * Math.cos(gap + half), centre.y + away * Math.sin(gap + half));
      context.arc(centre.x, centre.y, away, gap + half, 2 * Math.PI);
    }
    context.stroke();
    context.fillStyle = theme("--quiet");
    context.fillText(`${ring_m} m`, centre.x + away * Math.cos(gap), centre.y + away * Math.sin(gap));
  }
  context.strokeStyle = theme("--grid");
  for (const azimuth of [-90, -45, 0, 45, 90, ...(isAround ? [135, 180, -135] : [])].map((azimuth_deg) => (azimuth_deg * Math.PI) / 180)) {
    context.beginPath();
    context.moveTo(centre.x, centre.y);
    context.lineTo(centre.x - radius * Math.sin(azimuth), centre.y - radius * Math.cos(azimuth));
    context.stroke();
  }
  context.fillStyle = theme("--quiet");
  context.fillText("AHEAD", centre.x, centre.y - radius - 12);
  if (isAround) context.fillText("BEHIND", centre.x, centre.y + radius + 12);
  context.textAlign = "left";
  context.fillText("LEFT", Math.max(centre.x - radius, 4), centre.y + 14);
  context.textAlign = "right";
  context.fillText("RIGHT", Math.min(centre.x + radius, centre.x * 2 - 4), centre.y + 14);
  context.textAlign = "center";
  context.fillText("you", centre.x, centre.y + 16);
  context.fillStyle = theme("--ink");
  context.beginPath();
  context.arc(centre.x, centre.y, 5, 0, 2 * Math.PI);
  context.fill();
}

/** What is on the map: each event, where it is at the moment shown if it sounds then, else where it is on the whole. */
function spotsOf(model) {
  const frame = Math.floor(model.now_s * 10 + 1e-6);
  const timed = model.isTimed;
  const spots = [];
  for (const event of model.events) {
    // A sound of one channel has no directions.
    if (event.azimuth_deg === null) continue;
    const begins = Math.round(event.onset_s * 10), ends = Math.round(event.offset_s * 10);
    const now = timed && frame >= begins && frame < ends;
    if (model.isLive && !now && (frame < begins || frame - ends > 20)) continue;
    if (now) {
      const i = event.rows.find((row) => model.rows.frame[row] === frame) ?? event.rows[0];
      spots.push({ event, now, class: event.class, azimuth_deg: model.rows.azimuth_deg[i], distance_m: model.rows.distance_m[i], sure: event.score });
    } else {
      const faint = timed ? 0.12 : 1;
      spots.push({ ...event, event, now: false, sure: event.score * faint });
    }
  }
  return spots.sort((a, b) => a.now - b.now);
}

/** Names beside the sounds of this moment, on the side where there is room, moved down where they would cover each other. */
function drawLabels(context, spots, classes, width) {
  const placed = [];
  context.textAlign = "left";
  for (const spot of [...spots].sort((a, b) => a.y - b.y)) {
    const name = classes[spot.class];
    const distance = spot.distance_m === null ? "" : `, ${distanceText(spot.distance_m)}`;
    const text = `${name}${distance}`;
    const length = context.measureText(text).width;
    const fits = spot.x + 13 + length < width - 2;
    const x = fits ? spot.x + 13 : Math.max(spot.x - 13 - length, 2);
    let y = spot.y;
    while (placed.some((other) => Math.abs(other.y - y) < 14 && other.x < x + length && x < other.x + other.length)) y += 14;
    placed.push({ x, y, length });
    context.lineWidth = 4;
    context.lineJoin = "round";
    context.strokeStyle = theme("--sheet");
    context.strokeText(text, x, y);
    context.fillStyle = theme("--ink");
    context.fillText(text, x, y);
  }
}

/** What the map shows, for the line under it. */
export function mapNote(isAround) {
  return isAround
    ? "Seen from above, you in the middle, rings at 1, 2, 4 and 8 m. What is behind you is below."
    : "Seen from above, you at the bottom, rings at 1, 2, 4 and 8 m. Half a circle only: two channels cannot tell front from back.";
}

/** The map in words. */
export function mapText(model) {
  const spots = spotsOf(model).filter((spot) => spot.now);
  if (!spots.length) return `Map from above with ${model.events.length} events; ahead is up, left is left`;
  const words = spots.map((spot) => `${model.classes[spot.class]} ${directionText(spot.azimuth_deg)}, ${distanceText(spot.distance_m)}`);
  return `Map from above. Now: ${words.join("; ")}`;
}

/** The sound nearest to a point, if one is near. */
export function spotAt(x, y, spots) {
  const near = spots.filter((spot) => Math.hypot(spot.x - x, spot.y - y) < 14);
  return near[near.length - 1];
}

