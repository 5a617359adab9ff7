// Runs beside the page, in the audio thread: what the microphone gives becomes 16 bit stereo at 24 kHz.

import { Resampler } from "./resampler.js";

const TURN_SAMPLES = 2_400; // a tenth of a second

class Capture extends AudioWorkletProcessor {
  constructor() {
    super();
    this.resamplers = sampleRate === 24_000 ? null : [new Resampler(sampleRate), new Resampler(sampleRate)];
    this.turn = new Int16Array(2 * TURN_SAMPLES);
    this.filled = 0;
    this.port.onmessage = () => this.stop();
  }

  process([input]) {
    if (this.stopped) return false;
    if (!input.length) return true;
    if (input.length !== this.channels) this.port.postMessage({ channels: (this.channels = input.length) });
    let pair = [input[0], input[1] ?? input[0]];
    if (this.resamplers) pair = pair.map((samples, channel) => this.resamplers[channel].push(samples));
    for (let i = 0; i < pair[0].length; i++) {
      this.turn[2 * this.filled] = whole(pair[0][i]);
      this.turn[2 * this.filled + 1] = whole(pair[1][i]);
      if (++this.filled === TURN_SAMPLES) this.send();
    }
    return true;
  }

  send() {
    const part = this.turn.slice(0, 2 * this.filled);
    this.filled = 0;
    this.port.postMessage({ part }, [part.buffer]);
  }

  stop() {
    this.send();
    this.stopped = true;
    this.port.postMessage({ stopped: true });
  }
}

const whole = (value) => Math.max(-32_768, Math.min(32_767, Math.round(value * 32_768)));

registerProcessor("capture", Capture);
