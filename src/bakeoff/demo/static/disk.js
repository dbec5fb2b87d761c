// The second tab: settings, a stream of frames, maps and curves.
import { Chart, mean } from "./chart.js";
import { paintField } from "./field.js";
import { ask } from "./talk.js";

const share = (value) => `${(100 * value).toFixed(value < 0.0995 ? 1 : 0)} %`;
const round = (value) => String(Number(value.toPrecision(2)));
export const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
const get = (id) => document.getElementById(id);

export function startDisk() {
  const error = new Chart(get("error-chart"), "Error", [{ colour: "left-fill", name: "train" }, { colour: "right-fill", name: "test" }], (value) => `${round(100 * value)} %`, 0.001);
  const loss = new Chart(get("loss-chart"), "Loss", [{ colour: "left-fill", name: "train" }], round, 0.0001);
  const state = { running: null, paused: false, shown: 0, latest: null, opening: null, fields: [], hiddenPause: false };

  // ---- settings ----
  const stepSize = () => Number((10 ** Number(get("step_size").value)).toPrecision(2));
  const settings = () => ({
    layers: Number(get("layers").value),
    width: Number(get("width").value),
    activation: get("activation").value,
    step_size: stepSize(),
    batch_size: Number(get("batch_size").value),
    rounds: Number(get("rounds").value),
    seed: 0,
  });
  const showSettings = () => {
    for (const output of document.querySelectorAll("#settings output")) {
      output.value = output.htmlFor[0] === "step_size" ? stepSize() : get(output.htmlFor[0]).value;
    }
    get("step_size").setAttribute("aria-valuetext", String(stepSize()));
  };
  get("settings").addEventListener("input", showSettings);
  get("settings").addEventListener("submit", (event) => event.preventDefault());
  for (const id of ["layers", "width", "activation", "rounds"]) {
    get(id).addEventListener("change", () => { if (state.running) begin(); });
  }
  for (const id of ["step_size", "batch_size"]) {
    get(id).addEventListener("change", () => change({ [id]: settings()[id] }));
  }

  // ---- going on and stopping ----
  get("anew").addEventListener("click", () => begin());
  get("go").addEventListener("click", () => {
    if (state.running) setPaused(!state.paused); else begin();
  });
  window.addEventListener("pagehide", () => state.running?.abort());
  document.addEventListener("visibilitychange", () => pauseWhileHidden(document.hidden));

  function setPaused(paused) {
    state.paused = paused;
    state.hiddenPause = false;
    change({ paused });
    say(paused ? "Paused." : "Training.");
  }

  function pauseWhileHidden(hidden) {
    if (!state.running || (state.paused && !state.hiddenPause)) return;
    change({ paused: hidden });
    state.paused = state.hiddenPause = hidden;
    label();
  }

  function label() {
    get("go").textContent = !state.running ? "Train" : state.paused ? "Go on" : "Pause";
  }

  function say(sentence) {
    get("state").textContent = sentence;
    label();
  }

  async function change(changes) {
    if (!state.running || !state.opening) return;
    await ask(`playground/${state.opening.session}`, changes).catch(() => {});
  }

  // ---- a training ----
  async function begin() {
    state.running?.abort();
    const running = new AbortController();
    Object.assign(state, { running, paused: false, hiddenPause: false, opening: null, latest: null, fields: [] });
    error.clear();
    loss.clear();
    say("Training.");
    try {
      const reply = await ask("playground", settings(), { signal: running.signal });
      for await (const frame of frames(reply.body)) {
        if (state.running !== running) return;
        show(frame);
      }
      if (state.running === running) ended("The training has stopped.");
    } catch (fault) {
      if (state.running === running) ended(fault.name === "AbortError" ? "Stopped." : "The training could not go on.");
    }
  }

  function ended(sentence) {
    state.running = null;
    say(sentence);
  }

  function show(frame) {
    if (frame.state === "begun") return open(frame);
    if (frame.state === "failed") return ended(frame.sentence);
    if (frame.state === "diverged") {
      state.running.abort();
      return ended("The loss has left the finite numbers: choose a smaller step size and start anew.");
    }
    state.latest = frame;
    const field = bytes(frame.fields), cells = state.opening.side ** 2;
    state.fields = frame.loss.map((_, r) => field.subarray(r * cells, (r + 1) * cells));
    error.add(frame.epoch, [frame.train_error, frame.test_error]);
    loss.add(frame.epoch, [frame.loss]);
    paint();
    if (frame.state === "finished") { state.running.abort(); ended("Done: 2,000 epochs."); }
  }

  function open(frame) {
    state.opening = frame;
    const inside = bytes(frame.inside), places = bytes(frame.points);
    const n = frame.points_each;
    const place = (i) => (256 * places[2 * i] + places[2 * i + 1]) / 65535;
    state.points = Array.from({ length: inside.length / n }, (_, r) => ({
      inside: inside.subarray(r * n, (r + 1) * n),
      x: Float32Array.from({ length: n }, (_, i) => place(2 * (r * n + i))),
      y: Float32Array.from({ length: n }, (_, i) => place(2 * (r * n + i) + 1)),
    }));
    state.shown = Math.min(state.shown, state.points.length - 1);
    get("thumbs").hidden = state.points.length < 2;
    get("thumbs").replaceChildren(...state.points.map((_, r) => thumb(r)));
    // What was changed while the first frame was on its way.
    const { step_size, batch_size } = settings();
    change({ step_size, batch_size });
  }

  function thumb(r) {
    const button = document.createElement("button");
    button.type = "button";
    button.setAttribute("aria-label", `Round ${r + 1}`);
    button.append(document.createElement("canvas"));
    button.addEventListener("click", () => { state.shown = r; paint(); });
    return button;
  }

  // ---- the picture ----
  function paint() {
    const { latest, opening, fields, shown } = state;
    if (!latest) return paintField(get("map"), null, 0);
    paintField(get("map"), fields[shown], opening.side, state.points[shown]);
    [...get("thumbs").children].forEach((button, r) => {
      button.setAttribute("aria-pressed", String(r === shown));
      paintField(button.firstChild, fields[r], opening.side);
    });
    get("n-epoch").textContent = Math.floor(latest.epoch).toLocaleString("en");
    get("n-loss").textContent = mean(latest.loss).toPrecision(2);
    get("n-train").textContent = share(mean(latest.train_error));
    get("n-test").textContent = share(mean(latest.test_error));
    get("map").setAttribute("aria-label",
      `Map of the square, round ${shown + 1}: ${share(latest.test_error[shown])} of test points on the wrong side`);
  }

  window.addEventListener("resize", paint);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", paint);
  showSettings();
  label();
  paint();
  return { shown: (visible) => pauseWhileHidden(!visible) };
}

// Yields each line of a stream that is not empty, as JSON.
export async function* frames(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const lines = (rest + value).split("\n");
    rest = lines.pop();
    for (const line of lines) if (line) yield JSON.parse(line);
  }
}
