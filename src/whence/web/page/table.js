// The events as a table: sortable, and each row plays its part.

import { directionText, distanceText } from "./events.js";
import { markElement } from "./marks.js";

const FIRST_ROWS = 100;

/** The table of events. */
export class EventTable {
  /** `play` is called with the event whose button was pressed. */
  constructor(play) {
    this.classes = [];
    this.play = play;
    this.key = "onset_s";
    this.descending = false;
    this.showsAll = false;
    this.events = [];
    this.body = document.getElementById("rows");
    this.more = document.getElementById("more");
    this.more.addEventListener("click", () => { this.showsAll = true; this.fill(); });
    for (const head of document.querySelectorAll("#events th[data-key]")) {
      head.querySelector("button").addEventListener("click", () => this.sortBy(head));
    }
  }

  /** Show other events. */
  show(events) {
    this.events = events;
    this.fill();
  }

  sortBy(head) {
    this.descending = head.dataset.key === this.key ? !this.descending : head.dataset.key === "score";
    this.key = head.dataset.key;
    for (const other of document.querySelectorAll("#events th[data-key]")) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", this.descending ? "descending" : "ascending");
    this.fill();
  }

  sorted() {
    const sign = this.descending ? -1 : 1;
    const value = (event) => (this.key === "name" ? this.classes[event.class] : event[this.key] ?? Infinity);
    return [...this.events].sort((a, b) => {
      const [first, second] = [value(a), value(b)];
      const order = typeof first === "string" ? first.localeCompare(second) : first - second || 0;
      return sign * order || a.onset_s - b.onset_s;
    });
  }

  fill() {
    const events = this.sorted();
    const shown = this.showsAll ? events : events.slice(0, FIRST_ROWS);
    this.rowOf = new Map(shown.map((event) => [event, this.row(event)]));
    this.body.replaceChildren(...this.rowOf.values());
    this.more.hidden = shown.length === events.length;
    this.more.textContent = `Show all ${events.length.toLocaleString("en")} events`;
    document.getElementById("none").hidden = events.length > 0;
  }

  row(event) {
    const row = document.createElement("tr");
    const name = this.classes[event.class];
    const button = document.createElement("button");
    button.type = "button";
    button.className = "button";
    button.textContent = "Loop";
    button.setAttribute("aria-label", `Loop ${name}, ${event.onset_s.toFixed(1)} to ${event.offset_s.toFixed(1)} seconds`);
    button.addEventListener("click", () => this.play(event));
    const texts = [event.onset_s.toFixed(1), event.offset_s.toFixed(1), directionText(event.azimuth_deg),
      distanceText(event.distance_m), event.score.toFixed(2)];
    row.append(cell("", button), cell("class", markElement(event.class), name), ...texts.map((text) => cell("number", text)));
    return row;
  }

  /** Mark the rows that sound at a time, and the one that is looped. */
  mark(time_s, loop) {
    for (const [event, row] of this.rowOf ?? []) {
      row.classList.toggle("is-now", time_s !== null && time_s >= event.onset_s && time_s < event.offset_s);
      row.classList.toggle("is-looped", event === loop);
    }
  }
}

// Text goes in as text, never as markup: class names may come from anybody's model.
function cell(className, ...content) {
  const element = document.createElement("td");
  element.className = className;
  element.append(...content);
  return element;
}
