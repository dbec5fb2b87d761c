// A paper to draw on: strokes in units of its side, shown on screen and in the small canvas that is
// sent. One hand is enough: what a second finger does while the first one draws is left out.
import { colours, fitted } from "./talk.js";

const SIDE = 112;  // as the server expects it
const KEY_STEP = 0.04;

export class Paper {
  constructor(canvas, pen, changed) {
    this.canvas = canvas;
    this.pen = pen;  // a function: the pen's width now
    this.changed = changed;
    this.changes = 0;  // how often it was changed
    this.cursor = null;  // the keyboard's pen
    this.replace(null);
    this.small = new OffscreenCanvas(SIDE, SIDE).getContext("2d", { willReadFrequently: true });
    this.listen();
    this.paint();
  }

  listen() {
    const { canvas } = this;
    canvas.addEventListener("pointerdown", (event) => {
      if (this.pointer !== null || event.button > 0) return;
      event.preventDefault();
      canvas.focus({ preventScroll: true });
      canvas.setPointerCapture(event.pointerId);
      this.pointer = event.pointerId;
      this.cursor = null;
      this.begin(this.place(event));
    });
    canvas.addEventListener("pointermove", (event) => {
      if (event.pointerId !== this.pointer) return;
      const passed = event.getCoalescedEvents?.() ?? [];
      for (const one of passed.length ? passed : [event]) this.strokes.at(-1).points.push(this.place(one));
      this.redraw();
    });
    const lift = (event) => { if (event.pointerId === this.pointer) this.pointer = null; };
    canvas.addEventListener("pointerup", lift);
    canvas.addEventListener("pointercancel", lift);
    canvas.addEventListener("lostpointercapture", lift);
    canvas.addEventListener("keydown", (event) => this.key(event));
    canvas.addEventListener("blur", () => { this.cursor = null; this.paint(); });
    window.addEventListener("resize", () => this.paint());
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.paint());
  }

  place(event) {
    const box = this.canvas.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
  }

  key(event) {
    const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const known = event.key in steps || [" ", "Delete", "Backspace"].includes(event.key);
    if (!known || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    if (event.key === "Delete" || event.key === "Backspace") return this.clear();
    this.cursor ??= { at: [0.5, 0.2], down: false };
    const { cursor } = this;
    if (event.key === " ") {
      cursor.down = !cursor.down;
      if (cursor.down) this.begin([...cursor.at]);
    } else {
      const [dx, dy] = steps[event.key];
      cursor.at = [cursor.at[0] + KEY_STEP * dx, cursor.at[1] + KEY_STEP * dy].map((x) => Math.min(1, Math.max(0, x)));
      if (cursor.down) { this.strokes.at(-1).points.push([...cursor.at]); this.redraw(); }
    }
    this.paint();
  }

  begin(point) {
    if (this.test) this.test = null;
    this.strokes.push({ pen: this.pen(), points: [point] });
    this.redraw();
  }

  clear() {
    this.replace(null);
    this.redraw();
  }

  showTest(image) {
    this.replace(image);
    this.redraw();
  }

  // In place of what is drawn: a test image or nothing. A stroke that is being drawn ends.
  replace(test) {
    this.strokes = [];
    this.test = test;
    this.pointer = null;
    if (this.cursor) this.cursor.down = false;
  }

  redraw() {
    this.changes++;
    this.paint();
    this.changed();
  }

  get isEmpty() { return !this.test && !this.strokes.length; }

  paint() {
    const { context, width, height } = fitted(this.canvas);
    const colour = colours();
    this.canvas.parentElement.classList.toggle("used", !this.isEmpty);
    if (this.test) paintImage(context, this.test.picture, width, height, colour("ink"));
    context.save();
    context.scale(width, height);
    this.ink(context, colour("ink"));
    if (this.cursor) {
      context.beginPath();
      context.arc(...this.cursor.at, this.pen() / 2 + 0.012, 0, 7);
      context.strokeStyle = colour("accent");
      context.lineWidth = this.cursor.down ? 0.016 : 0.007;
      context.stroke();
    }
    context.restore();
  }

  ink(context, colour) {
    context.lineCap = context.lineJoin = "round";
    context.strokeStyle = colour;
    for (const { pen, points } of this.strokes) {
      context.lineWidth = pen;
      context.beginPath();
      context.moveTo(...points[0]);
      if (points.length === 1) context.lineTo(points[0][0] + 1e-4, points[0][1]);
      for (const point of points.slice(1)) context.lineTo(...point);
      context.stroke();
    }
  }

  // What the server is to frame: null, a test image's number, or grey values in base64.
  question() {
    if (this.test) return { test: this.test.test };
    if (!this.strokes.length) return null;
    const { small } = this;
    small.setTransform(1, 0, 0, 1, 0, 0);
    small.fillStyle = "#000";
    small.fillRect(0, 0, SIDE, SIDE);
    small.scale(SIDE, SIDE);
    this.ink(small, "#fff");
    const { data } = small.getImageData(0, 0, SIDE, SIDE);
    let text = "";
    for (let i = 0; i < data.length; i += 4) text += String.fromCharCode(data[i]);
    return { drawing: btoa(text) };
  }
}

function paintImage(context, picture, width, height, colour) {
  const side = Math.sqrt(picture.length);
  const image = new OffscreenCanvas(side, side);
  const inner = image.getContext("2d");
  const pixels = inner.createImageData(side, side);
  picture.forEach((grey, i) => { pixels.data[4 * i + 3] = grey; });
  inner.putImageData(pixels, 0, 0);
  inner.globalCompositeOperation = "source-in";
  inner.fillStyle = colour;
  inner.fillRect(0, 0, side, side);
  context.imageSmoothingEnabled = false;
  context.drawImage(image, 0, 0, width, height);
}
