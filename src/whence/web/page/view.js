// The result on the screen: one model of what is shown, and everything that draws it.

import { downloadAddress } from "./api.js";
import { sharpContext } from "./canvas.js";
import { appendRows, eventText, eventsOf, noRows, sureRows, trackEvents } from "./events.js";
import { fillLegend } from "./legend.js";
import { drawMap, mapNote, mapText, spotAt } from "./map.js";
import { assignStyles, forgetStyles } from "./marks.js";
import { offer, pictureBlob } from "./picture-file.js";
import { Spectrogram } from "./spectrogram.js";
import { EventTable } from "./table.js";
import { clockText, drawCursor, drawTimeline, eventAt, layoutOf } from "./timeline.js";

const element = (id) => document.getElementById(id);
const SHORTEST_VIEW_S = 1, LIVE_VIEW_S = 20;

/** All that is shown of one sound. */
export class ResultView {
  constructor(about, player) {
    this.player = player;
    this.hidden = new Set();
    this.table = new EventTable((event) => this.loopEvent(event));
    this.adopt(about);
    this.begin("");
    this.bindThreshold();
    this.bindTimeline();
    this.bindMap();
    element("to-wav").addEventListener("click", () => offer(this.recording, "microphone.wav"));
    element("unloop").addEventListener("click", () => player.setLoop(null));
    element("play").addEventListener("click", () => player.toggle());
    element("to-png").addEventListener("click", async () => offer(await pictureBlob(this.model(), this.name), `${this.stem}.png`));
    new ResizeObserver(() => this.draw()).observe(element("timeline"));
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { this.refresh(); this.draw(); });
  }

  /** Take the classes and thresholds of the server's model. */
  adopt(about) {
    this.classes = this.table.classes = about.classes;
    this.own = this.common = about.thresholds;
  }

  /** Show a new sound, of which nothing is known yet; one that is live is known so many seconds late. */
  begin(name, lag_s = null) {
    const isLive = lag_s !== null;
    Object.assign(this, { name, isLive, lag_s, isAround: false, own: this.common, rows: noRows(), spectrogram: new Spectrogram(), duration_s: 0, isTimed: isLive });
    this.stem = isLive ? "microphone" : name.replace(/\.[^.]*$/, "") || "sound";
    element("to-wav").hidden = true;
    this.view = { start_s: 0, end_s: isLive ? LIVE_VIEW_S : 1 };
    this.hidden.clear();
    forgetStyles();
    this.table.showsAll = false;
    this.refresh();
  }

  /** Show a whole result. */
  take(findings, picture) {
    // Another pair of microphones may have another localizer, with thresholds of its own.
    Object.assign(this, { rows: findings.rows, duration_s: findings.duration_s, isAround: findings.full_circle, own: findings.thresholds });
    this.spectrogram.append(picture);
    this.view = { start_s: 0, end_s: Math.max(findings.duration_s, 0.1) };
    this.refresh();
    this.draw();
  }

  /** Take what a microphone gave just now. */
  grow(news) {
    appendRows(this.rows, news.rows);
    this.duration_s = news.heard_s;
    this.view = { start_s: Math.max(0, this.duration_s - LIVE_VIEW_S), end_s: Math.max(this.duration_s, LIVE_VIEW_S) };
    // Ten times a second is enough for the eye, and twice for the table, which is work for the browser.
    this.redrawn ??= requestAnimationFrame(() => {
      this.redrawn = undefined;
      const now = performance.now();
      this.refresh(now - (this.tabled ?? 0) > 500);
      this.draw();
    });
  }

  /** The microphone has ended; the sound can be played now. */
  endLive(duration_s, recording) {
    this.recording = recording;
    this.player.load(recording);
    element("to-wav").hidden = !recording;
    Object.assign(this, { isLive: false, isTimed: false, duration_s, view: { start_s: 0, end_s: Math.max(duration_s, 0.1) } });
    this.refresh();
    this.draw();
  }

  get thresholds() {
    return element("own").checked ? this.own : this.own.map(() => Number(element("score").value));
  }

  /** Choose rows and events anew: the threshold, the classes or the rows have changed. */
  refresh(withTable = true) {
    const all = eventsOf(this.rows, sureRows(this.rows, this.thresholds));
    assignStyles(all.map((event) => event.class));
    const counts = new Map();
    for (const event of all) counts.set(event.class, (counts.get(event.class) ?? 0) + 1);
    this.events = all.filter((event) => !this.hidden.has(event.class));
    this.tracksOf = trackEvents(this.events);
    if (!withTable) return;
    this.tabled = performance.now();
    this.table.show(this.events);
    fillLegend(element("legend"), counts, this.classes, this.hidden, (classIndex) => {
      if (!this.hidden.delete(classIndex)) this.hidden.add(classIndex);
      this.refresh();
      this.draw();
    });
    element("events-caption").textContent = `${this.events.length} events in ${this.name}`;
    const score = element("own").checked ? "own" : element("score").value;
    for (const format of ["dcase", "audacity"]) element(`to-${format}`).href = downloadAddress(format, score, this.hidden);
  }

  model() {
    const { rows, events, classes, spectrogram, view, duration_s, isLive, isAround, tracksOf } = this;
    const cursor_s = isLive ? duration_s : this.player.time_s;
    // A moment that is live is shown as soon as its frame is known, which is a little after its sound.
    const now_s = isLive ? Math.max(0, duration_s - this.lag_s - 0.1) : cursor_s;
    // What sounds now is only asked once somebody has gone somewhere in the sound.
    const isTimed = isLive || this.player.isPlaying || this.player.time_s > 0;
    return { rows, events, classes, spectrogram, view, duration_s, isLive, isAround, isTimed, cursor_s, now_s, tracksOf, loop: this.player.loop };
  }

  /** Draw everything. */
  draw() {
    if (element("result").hidden) return;
    element("map-note").textContent = mapNote(this.isAround);
    element("map").classList.toggle("is-around", this.isAround);
    this.layout = layoutOf(element("timeline").clientWidth, this.model());
    element("lanes").style.height = `${this.layout.height}px`;
    drawTimeline(sharpContext(element("lanes"), this.layout.width, this.layout.height), this.layout, this.model());
    this.move();
  }

  /** Draw what moves with the cursor. */
  move() {
    const model = this.model();
    if (!this.layout || element("result").hidden) return;
    if (this.player.isPlaying && !model.loop && this.follow(model.cursor_s)) { this.draw(); return; }
    drawCursor(sharpContext(element("cursor"), this.layout.width, this.layout.height), this.layout, model);
    const map = element("map");
    this.spots = drawMap(sharpContext(map, map.clientWidth, map.clientHeight), map.clientWidth, map.clientHeight, model);
    this.table.mark(model.isTimed ? model.now_s : null, model.loop);
    this.tellTime(model);
  }

  tellTime(model) {
    element("play").disabled = !this.player.canPlay;
    element("play").textContent = this.player.isPlaying ? "Pause" : "Play";
    element("unloop").hidden = !model.loop;
    const whole = `${clockText(model.cursor_s)} of ${clockText(this.duration_s)}`;
    element("time").textContent = whole;
    const slider = element("timeline");
    slider.setAttribute("aria-valuemax", this.duration_s.toFixed(1));
    slider.setAttribute("aria-valuenow", model.cursor_s.toFixed(1));
    slider.setAttribute("aria-valuetext", whole);
    const words = mapText(model);
    if (element("map").getAttribute("aria-label") !== words) element("map").setAttribute("aria-label", words);
  }

  /** Turn the page when the cursor leaves what is shown; says whether it did. */
  follow(time_s) {
    const { start_s, end_s } = this.view, length_s = end_s - start_s;
    if ((time_s >= start_s && time_s <= end_s) || length_s >= this.duration_s) return false;
    return this.showFrom(time_s, length_s);
  }

  showFrom(start_s, length_s) {
    const length = Math.min(Math.max(length_s, SHORTEST_VIEW_S), Math.max(this.duration_s, 0.1));
    const first = Math.max(0, Math.min(start_s, this.duration_s - length));
    this.view = { start_s: first, end_s: first + length };
    return true;
  }

  /** Show more or less time around a moment. */
  zoom(factor, around_s = this.player.time_s) {
    const { start_s, end_s } = this.view, length_s = (end_s - start_s) * factor;
    const inside = around_s >= start_s && around_s <= end_s ? around_s : (start_s + end_s) / 2;
    this.showFrom(inside - ((inside - start_s) / (end_s - start_s)) * length_s, length_s);
    this.draw();
  }

  loopEvent(event) {
    const isSame = this.player.loop === event;
    this.player.setLoop(isSame ? null : event);
    if (!isSame && (event.onset_s < this.view.start_s || event.onset_s > this.view.end_s)) this.showFrom(event.onset_s - 1, this.view.end_s - this.view.start_s);
    this.draw();
  }

  bindThreshold() {
    const [low, high] = [Math.min(...this.own), Math.max(...this.own)];
    const slider = element("score"), [first, last] = [Number(slider.min), Number(slider.max)];
    const place = (score) => Math.max(0, Math.min(1, (score - first) / (last - first)));
    element("own-mark").style.left = `calc(8px + ${place(low)} * (100% - 16px))`;
    element("own-mark").style.width = `calc(${place(high) - place(low)} * (100% - 16px))`;
    const range = high - low < 0.005 ? low.toFixed(2) : `${low.toFixed(2)} to ${high.toFixed(2)}`;
    element("own-range").textContent = `The model's own: ${range}, by class`;
    element("own-mark").title = `the model's own: ${range}`;
    slider.value = ((low + high) / 2).toFixed(2);
    const told = () => { element("score-text").textContent = element("own").checked ? range : Number(slider.value).toFixed(2); };
    const changed = () => { told(); this.refresh(); this.draw(); };
    slider.addEventListener("input", () => { element("own").checked = false; changed(); });
    element("own").addEventListener("change", changed);
    told();
  }

  bindTimeline() {
    const area = element("timeline");
    const at = (event) => { const box = area.getBoundingClientRect(); return [event.clientX - box.left, event.clientY - box.top]; };
    area.addEventListener("click", (event) => {
      const [x, y] = at(event), found = eventAt(x, y, this.layout, this.model());
      if (found) this.loopEvent(found);
      else if (x >= this.layout.gutter) this.player.seek(this.layout.timeOf(x));
    });
    area.addEventListener("pointermove", (event) => {
      const found = this.layout && eventAt(...at(event), this.layout, this.model());
      area.title = found ? eventText(found, this.classes) : "";
    });
    area.addEventListener("wheel", (event) => {
      if (!event.ctrlKey) return; // plain scrolling belongs to the page
      event.preventDefault();
      this.zoom(event.deltaY > 0 ? 1.25 : 0.8, this.layout.timeOf(at(event)[0]));
    }, { passive: false });
    element("zoom-in").addEventListener("click", () => this.zoom(0.5));
    element("zoom-out").addEventListener("click", () => this.zoom(2));
    element("zoom-all").addEventListener("click", () => this.zoom(Infinity));
    addEventListener("keydown", (event) => this.key(event));
  }

  bindMap() {
    const map = element("map");
    const at = (event) => spotAt(event.offsetX, event.offsetY, this.spots ?? []);
    map.addEventListener("click", (event) => { const spot = at(event); if (spot) this.loopEvent(spot.event); });
    map.addEventListener("pointermove", (event) => { const spot = at(event); map.title = spot ? eventText(spot.event, this.classes) : ""; });
  }

  key(event) {
    if (element("result").hidden || event.ctrlKey || event.metaKey || event.altKey) return;
    const isOnTimeline = document.activeElement === element("timeline");
    if (!isOnTimeline && document.activeElement !== document.body) return;
    const step_s = event.shiftKey ? 0.1 : 1, now_s = this.player.time_s;
    const acts = {
      " ": () => this.player.toggle(), Escape: () => this.player.setLoop(null),
      ArrowRight: () => this.player.seek(now_s + step_s), ArrowLeft: () => this.player.seek(now_s - step_s),
      Home: () => this.player.seek(0), End: () => this.player.seek(this.duration_s),
      "+": () => this.zoom(0.5), "=": () => this.zoom(0.5), "-": () => this.zoom(2), 0: () => this.zoom(Infinity),
    };
    const act = acts[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  }
}
