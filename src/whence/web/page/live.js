// Listening: the microphone goes up the socket, rows and columns of the picture come back.

import { liveAddress } from "./api.js";
import { openMicrophone } from "./microphone.js";

// So much unsent sound means that the server cannot follow: 20 s of 96 kB.
const TOO_FAR_BEHIND_BYTES = 20 * 96_000;

/** Listen with these microphones until stopped; `on` has the functions began, news, columns, doubted. Resolves to the parts of the recording. */
export async function listenLive(microphones, on, stopSignal) {
  const parts = [];
  const waiting = [];
  let socket = null, isReady = false;
  const took = (part) => {
    if (!isReady) waiting.push(part);
    else socket.send(part);
    parts.push(part);
    if (socket && socket.bufferedAmount > TOO_FAR_BEHIND_BYTES) fail(new Error("this machine cannot follow the microphone; the events until now are kept"));
  };
  let fail;
  const failed = new Promise((_, reject) => { fail = reject; });
  failed.catch(() => {});
  const microphone = await openMicrophone(took, on.doubted);
  try {
    socket = new WebSocket(liveAddress(microphones));
    socket.binaryType = "arraybuffer";
    const finished = new Promise((resolve, reject) => {
      socket.onmessage = ({ data }) => {
        if (data instanceof ArrayBuffer) { on.columns(new Uint8Array(data)); return; }
        const message = JSON.parse(data);
        if (message.error) reject(new Error(message.error));
        else if (message.done) resolve(message);
        else if (message.rows) on.news(message);
        else {
          isReady = true;
          for (const part of waiting) socket.send(part);
          on.began(message);
        }
      };
      socket.onclose = () => reject(new Error("the server does not answer any more; does whence serve still run?"));
    });
    const stopped = new Promise((resolve) => stopSignal.addEventListener("abort", resolve));
    await Promise.race([stopped, microphone.ended, failed, finished]);
    await microphone.stop();
    if (isReady && socket.readyState === WebSocket.OPEN) socket.send("stop");
    else if (!isReady) throw new DOMException("stopped", "AbortError");
    const end = await Promise.race([finished, failed]);
    return { parts, duration_s: end.duration_s };
  } finally {
    await microphone.stop().catch(() => {});
    socket?.close();
  }
}
