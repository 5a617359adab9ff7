// The microphone, as raw as the browser gives it, and what is wrong with that.

// Voice processing mixes to one channel, or turns one of the two down: directions would be lost.
const RAW = { channelCount: 2, echoCancellation: false, noiseSuppression: false, autoGainControl: false };
const WORDS = { echoCancellation: "echo cancellation", noiseSuppression: "noise suppression", autoGainControl: "automatic gain" };

/** Open the microphone; `took` gets pieces of 16 bit stereo, `doubted` sentences about what the browser does. */
export async function openMicrophone(took, doubted) {
  if (!navigator.mediaDevices?.getUserMedia) {
    throw new Error("browsers give the microphone only to pages of this machine or with https; open this page as http://localhost through an ssh tunnel, or use whence listen");
  }
  let stream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ audio: RAW });
  } catch (error) {
    throw new Error(`no microphone: ${error.name === "NotAllowedError" ? "the browser was not allowed to use one" : error.message}`);
  }
  const track = stream.getAudioTracks()[0];
  const settings = track.getSettings();
  const sentences = new Set(settingSentences(settings));
  const doubt = () => { if (sentences.size) doubted([...sentences]); };
  doubt();
  const { context, source } = await connected(stream);
  await context.audioWorklet.addModule("/page/capture.js");
  const node = new AudioWorkletNode(context, "capture", { numberOfOutputs: 0, channelCountMode: "max" });
  const stopped = new Promise((resolve) => {
    node.port.onmessage = ({ data }) => {
      if (data.part) took(data.part);
      if (data.channels === 1) { sentences.add(monoSentence()); doubt(); }
      if (data.stopped) resolve();
    };
  });
  source.connect(node);
  return {
    settings,
    ended: new Promise((resolve) => track.addEventListener("ended", resolve)),
    stop: async () => {
      node.port.postMessage("stop");
      // A context that the browser has put to sleep does not answer.
      await Promise.race([stopped, new Promise((resolve) => setTimeout(resolve, 500))]);
      track.stop();
      await context.close();
    },
  };
}

/** A context at 24 kHz; where a browser cannot connect a microphone to that, at its own rate. */
async function connected(stream) {
  for (const options of [{ sampleRate: 24_000 }, {}]) {
    const context = new AudioContext({ latencyHint: "interactive", ...options });
    try {
      const source = context.createMediaStreamSource(stream);
      await context.resume();
      return { context, source };
    } catch (error) {
      await context.close();
      if (!("sampleRate" in options)) throw error;
    }
  }
}

function monoSentence() {
  return "this browser gives one channel, so left and right are the same and every direction will be 0; use a stereo microphone, Firefox, or whence listen";
}

/** What the settings that were read back say, where they are not what was asked for. */
export function settingSentences(settings) {
  const on = Object.keys(WORDS).filter((name) => settings[name] === true).map((name) => WORDS[name]);
  const sentences = settings.channelCount === 1 ? [monoSentence()] : [];
  if (on.length) sentences.push(`this browser keeps ${on.join(" and ")} on, which bends directions; switch it off in the system's settings, or use whence listen`);
  return sentences;
}
