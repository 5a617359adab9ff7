// Any rate to 24 kHz, piece by piece, for browsers that do not do it themselves.

const TO_HZ = 24_000, HALF_WIDTH = 24;

/** A windowed-sinc resampler for one channel; the gain in the band is 1, what could fold back is taken out. */
export class Resampler {
  constructor(from_hz) {
    this.step = from_hz / TO_HZ;
    this.cutoff = Math.min(1, 1 / this.step) * 0.95;
    this.reach = Math.ceil(HALF_WIDTH / this.cutoff);
    this.kept = new Float32Array(this.reach);
    this.at = this.reach; // where the next sample lies in what is kept
  }

  /** The samples that can be made now. */
  push(samples) {
    const all = new Float32Array(this.kept.length + samples.length);
    all.set(this.kept);
    all.set(samples, this.kept.length);
    const made = [];
    for (; this.at + this.reach < all.length; this.at += this.step) made.push(this.sampleAt(all, this.at));
    const used = Math.max(Math.floor(this.at) - this.reach, 0);
    this.kept = all.slice(used);
    this.at -= used;
    return Float32Array.from(made);
  }

  sampleAt(all, at) {
    let sum = 0;
    for (let i = Math.ceil(at - this.reach); i <= at + this.reach; i++) {
      const x = (i - at) * this.cutoff;
      const sinc = x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
      const window = 0.5 + 0.5 * Math.cos((Math.PI * (i - at)) / this.reach);
      sum += all[i] * sinc * window;
    }
    return sum * this.cutoff;
  }
}
