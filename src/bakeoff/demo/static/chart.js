// Curves over epochs on a logarithmic scale: thin lines for rounds, thick ones for their mean.
import { colours, fitted } from "./talk.js";

const MARGIN = { left: 46, right: 8, top: 8, bottom: 22 };
const MOST = 600;  // points of a curve; beyond these every other one is dropped

export class Chart {
  // series: [{ colour, name }]; label turns a value into text
  constructor(canvas, what, series, label, lowest) {
    Object.assign(this, { canvas, what, series, label, lowest });
    this.clear();
    window.addEventListener("resize", () => this.paint());
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.paint());
  }

  clear() {
    this.epochs = [];
    this.values = this.series.map(() => []);
    this.paint();
  }

  // values: for each series the rounds' values
  add(epoch, values) {
    this.epochs.push(epoch);
    values.forEach((rounds, i) => this.values[i].push(rounds));
    if (this.epochs.length > MOST) {
      const keep = (list) => list.filter((_, i) => i % 2 === 0 || i === list.length - 1);
      this.epochs = keep(this.epochs);
      this.values = this.values.map(keep);
    }
    this.paint();
  }

  // errors: for each round, each series' values from epoch 0 on; the last round's may end early
  show(errors) {
    this.epochs = [...errors[0][0].keys()];
    this.values = this.series.map((_, s) =>
      this.epochs.map((epoch) => errors.map((round) => round[s][epoch]).filter((value) => value !== undefined)));
    this.paint();
  }

  paint() {
    const { context, width, height } = fitted(this.canvas);
    if (width < 60) return;
    const colour = colours();
    const all = this.values.flat(2).map((value) => Math.max(value, this.lowest));
    const low = Math.log10(Math.min(...all, 0.1)), high = Math.log10(Math.max(...all, 0.5));
    const last = Math.max(this.epochs.at(-1) ?? 0, 10);
    const x = (epoch) => MARGIN.left + (epoch / last) * (width - MARGIN.left - MARGIN.right);
    const y = (value) => {
      const share = (Math.log10(Math.max(value, this.lowest)) - low) / (high - low);
      return height - MARGIN.bottom - share * (height - MARGIN.top - MARGIN.bottom);
    };
    context.clearRect(0, 0, width, height);
    this.axes(context, colour, { width, height, low, high, last, x, y });
    this.series.forEach((series, s) => this.curves(context, colour(series.colour), this.values[s], x, y));
    this.describe();
  }

  axes(context, colour, { width, height, low, high, last, x, y }) {
    context.font = "12px system-ui, sans-serif";
    context.fillStyle = colour("soft");
    context.strokeStyle = colour("line");
    context.lineWidth = 1;
    context.textBaseline = "middle";
    context.textAlign = "right";
    for (let power = Math.floor(low); power <= 0; power++) {
      for (const factor of [1, 2, 5]) {
        const value = factor * 10 ** power, place = Math.log10(value);
        if (place < low - 1e-9 || place > high + 1e-9 || (factor > 1 && high - low > 2)) continue;
        context.beginPath();
        context.moveTo(MARGIN.left, y(value));
        context.lineTo(width - MARGIN.right, y(value));
        context.stroke();
        context.fillText(this.label(value), MARGIN.left - 6, y(value));
      }
    }
    context.textBaseline = "top";
    context.textAlign = "center";
    const step = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000].find((s) => last / s <= 5) ?? 1000;
    for (let epoch = 0; epoch <= last; epoch += step) {
      context.fillText(String(epoch), Math.min(x(epoch), width - 12), height - MARGIN.bottom + 6);
    }
  }

  curves(context, colour, values, x, y) {
    if (!values.length) return;
    const draw = (pick, lineWidth, alpha) => {
      context.globalAlpha = alpha;
      context.strokeStyle = colour;
      context.lineWidth = lineWidth;
      context.beginPath();
      this.epochs.forEach((epoch, i) => context.lineTo(x(epoch), y(pick(values[i]))));
      context.stroke();
      context.globalAlpha = 1;
    };
    const rounds = values[0].length;
    if (rounds > 1) for (let r = 0; r < rounds; r++) draw((at) => at[r], 1, 0.3);
    draw(mean, 2.5, 1);
  }

  describe() {
    const latest = this.series.map((series, s) => {
      const at = this.values[s].at(-1);
      return at ? `${series.name} ${this.label(mean(at))}` : "";
    });
    const told = this.epochs.length ? `${latest.join(", ")} at epoch ${Math.round(this.epochs.at(-1))}` : "no data yet";
    this.canvas.setAttribute("aria-label", `${this.what} over epochs: ${told}`);
  }
}

export const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
