// What the page asks of its server; every refusal is an Error whose message is the server's sentence.

let about = null;

/** Begin a session: what may be sent, the classes, the model. */
export async function openSession() {
  about = await json(await fetch("/api/sessions", { method: "POST" }));
  return about;
}

/** Colours and shapes for classes. */
export async function palette() {
  return json(await fetch("/api/palette"));
}

const path = (rest = "") => `/api/sessions/${about.session}${rest}`;

async function checked(response) {
  if (!response.ok) throw new Error((await response.text()).trim() || `the server answers ${response.status}`);
  return response;
}

async function json(response) {
  return (await checked(response)).json();
}

/** How far this page's sound is. */
export async function state() {
  return json(await fetch(path()));
}

/** Stop this page's sound. */
export async function cancelSound() {
  return json(await fetch(path("/sound"), { method: "DELETE" }));
}

/** Rows, warnings and duration. */
export async function findings() {
  return json(await fetch(path("/findings")));
}

/** The bytes of the spectrogram. */
export async function picture() {
  return new Uint8Array(await (await checked(await fetch(path("/picture")))).arrayBuffer());
}

/** Forget this page; sent even while it is being closed. */
export function closeSession() {
  if (about) fetch(path(), { method: "DELETE", keepalive: true }).catch(() => {});
}

/** Where a download of what is shown is. */
export function downloadAddress(format, score, hidden) {
  const query = new URLSearchParams([["score", score], ...[...hidden].map((classIndex) => ["hide", classIndex])]);
  return `${path(`/downloads/${format}`)}?${query}`;
}

/** The address of the live socket for sound of these microphones. */
export function liveAddress(microphones) {
  const address = new URL(`${path("/live")}?${new URLSearchParams({ microphones })}`, location.href);
  address.protocol = address.protocol.replace("http", "ws");
  return address.href;
}

/** Send a file, recorded with these microphones; `told` hears how much is sent (0 to 1); the signal stops it. */
export function sendSound(file, microphones, channels, told, signal) {
  return new Promise((resolve, reject) => {
    // fetch does not tell how much of a body has been sent.
    const request = new XMLHttpRequest();
    request.open("POST", `${path("/sound")}?${new URLSearchParams({ name: file.name, microphones, channels })}`);
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.upload.addEventListener("progress", (event) => told(event.loaded / Math.max(event.total, 1)));
    request.addEventListener("load", () => {
      if (request.status === 202) resolve(JSON.parse(request.responseText));
      else reject(new Error(request.responseText.trim() || `the server answers ${request.status}`));
    });
    request.addEventListener("error", () => reject(new Error("the server does not answer; does whence serve still run?")));
    request.addEventListener("abort", () => reject(new DOMException("stopped", "AbortError")));
    signal.addEventListener("abort", () => request.abort());
    request.send(file);
  });
}
