// The page from first to last: choose a sound or listen, wait, look.

import * as api from "./api.js";
import { sharpContext } from "./canvas.js";
import { noRows } from "./events.js";
import { listenLive } from "./live.js";
import { drawMap } from "./map.js";
import { usePalette } from "./marks.js";
import { Player } from "./player.js";
import { ResultView } from "./view.js";
import { wavBlob } from "./wav.js";

const element = (id) => document.getElementById(id);
const POLL_MS = 300, STAY_MS = 60_000;
let cancelling = Promise.resolve(); // an older cancellation must not reach the server after a newer sound

let about = null, view = null, stop = null; // `stop` aborts what is going on
const player = new Player(element("audio"), () => view?.move(), () => {
  say(`${element("status").textContent} This browser cannot play this kind of file; the events are still shown.`.trim());
});

function say(text) {
  element("status").textContent = text;
}

function showProblem(error) {
  const problem = element("problem");
  problem.hidden = !error;
  problem.textContent = error ? error.message : "";
}

function showWarnings(sentences) {
  const list = element("warnings");
  list.hidden = !sentences.length;
  list.replaceChildren(...sentences.map((sentence) => Object.assign(document.createElement("li"), { textContent: sentence })));
}

function showProgress(text, share) {
  element("work").hidden = text === null;
  element("progress-text").textContent = text ?? "";
  if (share === null) element("progress").removeAttribute("value");
  else element("progress").value = share;
}

function showResult(isThere) {
  element("result").hidden = !isThere;
  element("empty").hidden = isThere;
}

/** Do one thing at a time; what was going on is stopped first. */
async function during(work) {
  stop?.abort();
  const mine = (stop = new AbortController());
  showProblem(null);
  showWarnings([]);
  say("");
  try {
    await work(mine.signal);
  } catch (error) {
    if (error.name === "AbortError") { if (stop === mine) say("Cancelled."); }
    else if (stop === mine) { say(""); showProblem(error); }
  } finally {
    if (stop === mine) { stop = null; showProgress(null, 0); }
  }
}

/** Nothing of this page is in work any more; a session that the server has forgotten is opened anew. Says the state. */
async function ready() {
  await cancelling;
  try {
    return await api.cancelSound();
  } catch {
    about = await api.openSession();
    view.adopt(about);
    return api.state();
  }
}

/** What the visitor says that the sound was recorded with. */
function told() {
  return element("microphones").value.trim() || "auto";
}

/** Which channels of the file are heard; empty for the two that there are. */
function channels() {
  return element("channels").value.trim();
}

function recognize(file) {
  return during(async (signal) => {
    player.load(null);
    showResult(false);
    if (file.size > about.limits.upload_bytes) throw new Error(`${file.name} is larger than ${about.limits.upload_text}, the limit here`);
    showProgress("Sending", 0);
    // A refusal in the middle of a body is lost in some browsers, so a full queue is noticed before.
    const { queue } = await ready();
    if (queue >= about.limits.places) throw new Error(`${queue} sounds are waiting, which is the limit; try again soon`);
    const cancel = () => { cancelling = api.cancelSound().catch(() => {}); };
    await api.sendSound(file, told(), channels(), (share) => showProgress(share < 1 ? `Sending, ${Math.round(share * 100)} %` : "Looking at the file", share), signal);
    signal.addEventListener("abort", cancel);
    await processed(signal);
    const [found, picture] = await Promise.all([api.findings(), api.picture()]);
    if (signal.aborted) return;
    showResult(true);
    view.begin(file.name);
    player.load(file);
    view.take(found, picture);
    showWarnings(found.warnings);
    sayFound();
  });
}

/** Wait until the server has processed the sound; show the queue and then the seconds. */
async function processed(signal) {
  for (;;) {
    const now = await api.state();
    if (signal.aborted) throw new DOMException("stopped", "AbortError");
    if (now.state === "done") return;
    if (now.state === "failed") throw new Error(now.sentence);
    if (now.state === "cancelled" || now.state === "idle") throw new DOMException("stopped", "AbortError");
    if (now.state === "waiting") showProgress(now.ahead ? `Waiting: ${now.ahead} ${now.ahead === 1 ? "sound" : "sounds"} before yours` : "Waiting", null);
    else {
      const whole = now.promised_s ? ` of ${now.promised_s.toFixed(1)}` : "";
      showProgress(`Processed ${now.heard_s.toFixed(1)}${whole} s`, now.promised_s ? Math.min(now.heard_s / now.promised_s, 1) : null);
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

function sayFound() {
  const count = view.events.length;
  say(`${count === 0 ? "No events" : count === 1 ? "1 event" : `${count} events`} in ${view.duration_s.toFixed(1)} s of ${view.name}.`);
}

function listen() {
  const button = element("listen");
  return during(async (signal) => {
    button.classList.add("is-live");
    element("listen-text").textContent = "Stop";
    player.load(null);
    try {
      await ready();
      const recording = await listenLive(told(), {
        began: ({ latency_s }) => {
          showResult(true);
          view.begin("the microphone", latency_s);
          view.draw();
          say(`Listening; events come ${latency_s.toFixed(1)} s after their sound.`);
        },
        news: (news) => { view.grow(news); if (news.warnings?.length) showWarnings(news.warnings); },
        columns: (bytes) => view.spectrogram.append(bytes),
        doubted: showWarnings,
      }, signal);
      view.endLive(recording.duration_s, wavBlob(recording.parts));
      sayFound();
    } catch (error) {
      if (view.isLive) view.endLive(view.duration_s, null);
      throw error;
    } finally {
      button.classList.remove("is-live");
      element("listen-text").textContent = "Listen";
    }
  });
}

function bind() {
  const input = element("file");
  input.addEventListener("change", () => {
    if (input.files.length) recognize(input.files[0]);
    input.value = ""; // the same file may be chosen again
  });
  element("listen").addEventListener("click", () => {
    if (element("listen").classList.contains("is-live")) stop?.abort();
    else listen();
  });
  element("cancel").addEventListener("click", () => stop?.abort());
  const carriesFile = (event) => event.dataTransfer?.types.includes("Files");
  addEventListener("dragover", (event) => {
    if (!carriesFile(event)) return;
    event.preventDefault();
    document.body.classList.add("dragging");
  });
  addEventListener("dragleave", (event) => { if (!event.relatedTarget) document.body.classList.remove("dragging"); });
  addEventListener("drop", (event) => {
    document.body.classList.remove("dragging");
    if (!carriesFile(event)) return;
    event.preventDefault();
    if (event.dataTransfer.files.length) recognize(event.dataTransfer.files[0]);
  });
  // A page that comes back out of the browser's memory needs its session still.
  addEventListener("pagehide", (event) => { if (!event.persisted) api.closeSession(); });
  setInterval(() => api.state().catch(() => {}), STAY_MS);
}

function drawEmptyMap() {
  const canvas = element("empty-map");
  if (!canvas.clientWidth) return;
  const nothing = { events: [], rows: noRows(), classes: [], now_s: 0, isTimed: false, isLive: false, isAround: false };
  drawMap(sharpContext(canvas, canvas.clientWidth, canvas.clientHeight), canvas.clientWidth, canvas.clientHeight, nothing);
}

async function start() {
  drawEmptyMap();
  new ResizeObserver(drawEmptyMap).observe(element("empty-map"));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawEmptyMap);
  try {
    usePalette(await api.palette());
    about = await api.openSession();
  } catch (error) {
    showProblem(error);
    return;
  }
  element("limits").textContent = `Two channels, or four of Ambisonics, up to ${about.limits.sound_text}.`;
  const names = about.microphones.names.map((name) => Object.assign(document.createElement("option"), { value: name }));
  element("microphone-names").replaceChildren(...names);
  element("microphones").value = about.microphones.proposed;
  const choices = about.channels.map((name) => Object.assign(document.createElement("option"), { value: name }));
  element("channel-names").replaceChildren(...choices);
  element("model").textContent = about.model && `Model: ${about.model}`;
  view = new ResultView(about, player);
  bind();
  document.body.dataset.ready = "yes";
}

start();
