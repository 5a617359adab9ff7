// Playback: where in the sound we are, which part is looped.

/** Plays the visitor's own copy of the sound; nothing comes back from the server. */
export class Player {
  /** `moved` is called whenever the position may have changed, `unplayable` where the browser does not know the format. */
  constructor(audio, moved, unplayable) {
    this.audio = audio;
    this.moved = moved;
    this.loop = null;
    this.canPlay = false;
    this.calm = matchMedia("(prefers-reduced-motion: reduce)");
    audio.addEventListener("play", () => this.follow());
    for (const name of ["pause", "ended", "seeked", "timeupdate"]) audio.addEventListener(name, () => this.step());
    audio.addEventListener("loadedmetadata", () => { this.canPlay = true; moved(); });
    audio.addEventListener("error", () => { this.canPlay = false; moved(); if (this.address) unplayable(); });
  }

  /** Take another sound (a Blob), or none. */
  load(blob) {
    this.audio.pause();
    if (this.address) URL.revokeObjectURL(this.address);
    this.canPlay = false;
    this.loop = null;
    this.address = blob ? URL.createObjectURL(blob) : null;
    if (blob) this.audio.src = this.address;
    else this.audio.removeAttribute("src");
  }

  get time_s() { return this.audio.currentTime || 0; }

  get isPlaying() { return !this.audio.paused && !this.audio.ended; }

  /** Go to a time. */
  seek(time_s) {
    const last_s = Number.isFinite(this.audio.duration) ? this.audio.duration : time_s;
    this.audio.currentTime = Math.max(0, Math.min(time_s, last_s));
    this.moved();
  }

  /** Play, or stop. */
  toggle() {
    if (this.isPlaying) this.audio.pause();
    else this.play();
  }

  play() {
    if (!this.canPlay) return;
    if (this.loop && (this.time_s < this.loop.onset_s || this.time_s >= this.loop.offset_s)) this.seek(this.loop.onset_s);
    this.audio.play().catch(() => { this.canPlay = false; this.moved(); });
  }

  /** Play a part again and again; null ends that. */
  setLoop(part) {
    this.loop = part;
    if (part) {
      this.seek(part.onset_s);
      this.play();
    }
    this.moved();
  }

  step() {
    if (this.loop && this.isPlaying && this.time_s >= this.loop.offset_s) this.audio.currentTime = this.loop.onset_s;
    this.moved();
  }

  /** Every picture of the screen while it plays; who wants less motion gets the four steps a second of timeupdate. */
  follow() {
    if (!this.isPlaying) return;
    this.step();
    if (this.calm.matches && !this.loop) return;
    requestAnimationFrame(() => this.follow());
  }
}
