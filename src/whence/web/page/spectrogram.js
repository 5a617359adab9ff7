// The picture of both channels: bytes from the server, painted once, then only scaled.

import { levelColours } from "./marks.js";

const HOP_S = 0.025, BANDS = 64, COLUMN_BYTES = 2 * BANDS;
const DEPTH = 178; // 70 dB below the loudest, in bytes of 100/255 dB
const PIECE_COLUMNS = 2048; // browsers do not make canvases of any width

/** Columns of mel levels that grow at the end. */
export class Spectrogram {
  constructor() {
    this.columns = 0;
    this.loudest = 60; // silence stays dark
    this.bytes = [];
    this.pieces = [];
  }

  /** Take whole columns, as the server sends them. */
  append(bytes) {
    for (const level of bytes) if (level > this.loudest) this.loudest = level;
    const first = this.columns;
    this.bytes.push({ first, bytes });
    this.columns += bytes.length / COLUMN_BYTES;
    // Colours are relative to the loudest: when that has changed much, what is painted is painted again.
    if (this.paintedFor === undefined || this.loudest - this.paintedFor > 12) {
      this.paintedFor = this.loudest;
      this.pieces = [];
      for (const part of this.bytes) this.paint(part);
    } else this.paint(this.bytes[this.bytes.length - 1]);
  }

  paint({ first, bytes }) {
    for (let at = 0; at < bytes.length / COLUMN_BYTES;) {
      const column = first + at, piece = Math.floor(column / PIECE_COLUMNS), x = column % PIECE_COLUMNS;
      const count = Math.min(PIECE_COLUMNS - x, bytes.length / COLUMN_BYTES - at);
      this.pieces[piece] ??= [newCanvas(), newCanvas()];
      for (const channel of [0, 1]) {
        const context = this.pieces[piece][channel].getContext("2d");
        context.putImageData(this.image(bytes, at, count, channel), x, 0);
      }
      at += count;
    }
  }

  image(bytes, at, count, channel) {
    const image = new ImageData(count, BANDS), pixels = image.data, levels = levelColours();
    for (let column = 0; column < count; column++) {
      const from = (at + column) * COLUMN_BYTES + channel * BANDS;
      for (let band = 0; band < BANDS; band++) {
        const depth = (bytes[from + band] - this.paintedFor + DEPTH) / DEPTH;
        const colour = levels[Math.max(0, Math.min(255, Math.round(depth * 255)))];
        pixels.set(colour, 4 * ((BANDS - 1 - band) * count + column));
        pixels[4 * ((BANDS - 1 - band) * count + column) + 3] = 255;
      }
    }
    return image;
  }

  /** Draw the part between two times into a box. */
  draw(context, channel, box, start_s, end_s) {
    context.fillStyle = `rgb(${levelColours()[0]})`;
    context.fillRect(box.x, box.y, box.width, box.height);
    const scale = box.width / (end_s - start_s);
    context.save();
    context.beginPath();
    context.rect(box.x, box.y, box.width, box.height);
    context.clip();
    this.pieces.forEach((piece, number) => {
      const first_s = number * PIECE_COLUMNS * HOP_S;
      const columns = Math.min(PIECE_COLUMNS, this.columns - number * PIECE_COLUMNS);
      if (first_s > end_s || first_s + columns * HOP_S < start_s) return;
      const x = box.x + (first_s - start_s) * scale;
      context.drawImage(piece[channel], 0, 0, columns, BANDS, x, box.y, columns * HOP_S * scale, box.height);
    });
    context.restore();
  }
}

function newCanvas() {
  const canvas = document.createElement("canvas");
  canvas.width = PIECE_COLUMNS;
  canvas.height = BANDS;
  return canvas;
}
