// What a network says on the whole square, as a picture: colours, its boundary, the true circle.
import { colours, fitted } from "./talk.js";

const RADIUS = 1 / Math.sqrt(2 * Math.PI);
const SHOWN_POINTS = 350;

// Of the style sheet's colours, which are all written with six digits.
const rgb = (text) => [1, 3, 5].map((at) => parseInt(text.slice(at, at + 2), 16));

// Field values 0 to 255, side × side, as an image between the two colours over the paper's.
function image(field, side, colour) {
  const [out, into, paper] = ["left-fill", "right-fill", "paper"].map((name) => rgb(colour(name)));
  const made = new OffscreenCanvas(side, side);
  const context = made.getContext("2d");
  const pixels = context.createImageData(side, side);
  field.forEach((value, i) => {
    const tone = value / 127.5 - 1;
    const end = tone < 0 ? out : into, share = 0.1 + 0.28 * Math.abs(tone);  // pale, so that points stand out
    for (let c = 0; c < 3; c++) pixels.data[4 * i + c] = paper[c] + share * (end[c] - paper[c]);
    pixels.data[4 * i + 3] = 255;
  });
  context.putImageData(pixels, 0, 0);
  return made;
}

// The line on which the field is 127.5, by marching squares; in units of cells.
function boundary(field, side) {
  const path = new Path2D();
  const at = (row, column) => field[row * side + column] - 127.5;
  const between = (a, b) => a / (a - b);
  for (let row = 0; row < side - 1; row++) {
    for (let column = 0; column < side - 1; column++) {
      const [a, b, c, d] = [at(row, column), at(row, column + 1), at(row + 1, column + 1), at(row + 1, column)];
      const ends = [];
      if (a > 0 !== b > 0) ends.push([column + between(a, b), row]);
      if (b > 0 !== c > 0) ends.push([column + 1, row + between(b, c)]);
      if (c > 0 !== d > 0) ends.push([column + between(d, c), row + 1]);
      if (d > 0 !== a > 0) ends.push([column, row + between(a, d)]);
      for (let i = 0; i + 1 < ends.length; i += 2) {
        path.moveTo(ends[i][0] + 0.5, ends[i][1] + 0.5);
        path.lineTo(ends[i + 1][0] + 0.5, ends[i + 1][1] + 0.5);
      }
    }
  }
  return path;
}

export function paintField(canvas, field, side, points = null) {
  const { context, width, height } = fitted(canvas);
  const colour = colours();
  context.fillStyle = colour("paper");
  context.fillRect(0, 0, width, height);
  if (field) {
    context.imageSmoothingEnabled = true;
    context.imageSmoothingQuality = "high";
    context.drawImage(image(field, side, colour), 0, 0, width, height);
  }
  if (points) {
    for (let i = 0; i < Math.min(points.inside.length, SHOWN_POINTS); i++) {
      context.fillStyle = colour(points.inside[i] ? "right" : "left");
      context.beginPath();
      context.arc(points.x[i] * width, (1 - points.y[i]) * height, 2.4, 0, 7);
      context.fill();
    }
  }
  const large = width > 120;
  context.strokeStyle = colour("soft");
  context.lineWidth = large ? 1.5 : 1;
  context.setLineDash(large ? [6, 5] : [3, 3]);
  context.beginPath();
  context.arc(width / 2, height / 2, RADIUS * width, 0, 7);
  context.stroke();
  context.setLineDash([]);
  if (field) {
    const line = new Path2D();
    line.addPath(boundary(field, side), new DOMMatrix().scale(width / side, height / side));
    context.strokeStyle = colour("ink");
    context.lineWidth = large ? 2.5 : 1.25;
    context.lineCap = "round";
    context.stroke(line);
  }
}
