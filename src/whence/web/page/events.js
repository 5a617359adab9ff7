// Rows (one class in one 100 ms frame) become events: the page's twin of the events table in Python.

export const FRAME_S = 0.1;
const RADIANS = Math.PI / 180;

/** A table without rows. */
export function noRows() {
  return { frame: [], class: [], source: [], azimuth_deg: [], distance_m: [], score: [] };
}

/** Put the rows of one table behind another's. */
export function appendRows(rows, more) {
  for (const name of Object.keys(rows)) for (const value of more[name]) rows[name].push(value);
}

/** The numbers of the rows that are surer than their class's threshold. */
export function sureRows(rows, thresholds) {
  const chosen = [];
  for (let i = 0; i < rows.frame.length; i++) if (rows.score[i] > thresholds[rows.class[i]]) chosen.push(i);
  return chosen;
}

/** Runs of consecutive frames of one class and source, by onset, with the mean direction, distance and score. */
export function eventsOf(rows, chosen) {
  const order = [...chosen].sort((a, b) =>
    rows.class[a] - rows.class[b] || rows.source[a] - rows.source[b] || rows.frame[a] - rows.frame[b]);
  const runs = [];
  let last = -1;
  for (const i of order) {
    const goes_on = last >= 0 && rows.class[i] === rows.class[last] && rows.source[i] === rows.source[last]
      && rows.frame[i] - rows.frame[last] <= 1;
    if (goes_on) runs[runs.length - 1].push(i);
    else runs.push([i]);
    last = i;
  }
  const events = runs.map((run) => eventOf(rows, run));
  return events.sort((a, b) => a.onset_s - b.onset_s || a.class - b.class || a.source - b.source);
}

function eventOf(rows, run) {
  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const isPlaced = run.every((i) => rows.azimuth_deg[i] !== null);
  const azimuths = run.map((i) => rows.azimuth_deg[i] * RADIANS);
  const distances = run.map((i) => rows.distance_m[i]);
  return {
    class: rows.class[run[0]],
    source: rows.source[run[0]],
    onset_s: rows.frame[run[0]] / 10,
    offset_s: (rows.frame[run[run.length - 1]] + 1) / 10,
    azimuth_deg: isPlaced ? Math.atan2(mean(azimuths.map(Math.sin)), mean(azimuths.map(Math.cos))) / RADIANS : null,
    distance_m: distances.includes(null) ? null : mean(distances),
    score: mean(run.map((i) => rows.score[i])),
    rows: run,
  };
}

/** Give each event a track that is free while it sounds; says how many tracks each class takes. Events come by onset. */
export function trackEvents(events) {
  const endsOf = new Map();
  for (const event of events) {
    if (!endsOf.has(event.class)) endsOf.set(event.class, []);
    const ends = endsOf.get(event.class);
    const free = ends.findIndex((end_s) => end_s <= event.onset_s);
    event.track = free < 0 ? ends.length : free;
    ends[event.track] = event.offset_s;
  }
  return new Map([...endsOf].map(([classIndex, ends]) => [classIndex, ends.length]));
}

/** "38° left", "27° right", "ahead", "behind", or a dash where it is not known. */
export function directionText(azimuth_deg) {
  if (azimuth_deg === null) return "\u2013";
  const whole = Math.round(azimuth_deg);
  if (Math.abs(whole) === 180) return "behind";
  return whole === 0 ? "ahead" : `${Math.abs(whole)}\u00b0 ${whole > 0 ? "left" : "right"}`;
}

/** "2.0 m", or a dash where it is not known. */
export function distanceText(distance_m) {
  return distance_m === null ? "\u2013" : `${distance_m.toFixed(1)} m`;
}

/** An event in a few words. */
export function eventText(event, classes) {
  const span = `${event.onset_s.toFixed(1)} to ${event.offset_s.toFixed(1)} s`;
  const distance = event.distance_m === null ? "" : `, ${distanceText(event.distance_m)}`;
  const direction = event.azimuth_deg === null ? "" : `, ${directionText(event.azimuth_deg)}`;
  return `${classes[event.class]}, ${span}${direction}${distance}, score ${event.score.toFixed(2)}`;
}
