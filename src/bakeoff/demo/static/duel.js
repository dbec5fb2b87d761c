// The third tab: two settings over the same rounds. Settings stand in the address; the server judges.
import { Chart } from "./chart.js";
import { bytes, frames } from "./disk.js";
import { paintField } from "./field.js";
import { ask } from "./talk.js";

const SIDES = ["left", "right"];
const get = (id) => document.getElementById(id);

export function startDuel() {
  get("right-side").innerHTML = get("left-side").innerHTML.replaceAll("left", "right").replaceAll("Left", "Right");
  const form = get("duel-form");
  const series = SIDES.map((name) => ({ colour: `${name}-fill`, name }));
  const chart = new Chart(get("duel-chart"), "Test error", series, (value) => `${Number((100 * value).toPrecision(2))} %`, 0.001);
  const state = { running: null, asked: null, opening: null, latest: null };

  // ---- settings ----
  for (const [name, value] of new URLSearchParams(location.search)) {
    const control = form.elements.namedItem(name);
    if (control) control.value = value;
  }
  const keep = () => history.replaceState(null, "", `?${new URLSearchParams(new FormData(form))}#duel`);
  const told = (name, value) => (name.endsWith("activation") ? value : value === "" ? null : Number(value));
  const settings = () => Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, told(name, value)]));
  form.addEventListener("change", keep);
  form.addEventListener("submit", (event) => { event.preventDefault(); keep(); begin(); });
  get("neurons").addEventListener("change", look);
  window.addEventListener("pagehide", () => state.running?.abort());
  window.addEventListener("resize", paintAnew);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", paintAnew);

  async function look() {
    if (state.opening) await ask(`playground/${state.opening.session}`, { neurons: Number(get("neurons").value) }).catch(() => {});
  }

  // ---- a duel ----
  async function begin() {
    state.running?.abort();
    const running = new AbortController();
    Object.assign(state, { running, asked: settings(), opening: null, latest: null });
    get("verdict").textContent = "";
    get("duel-state").textContent = "Training.";
    try {
      const reply = await ask("playground", state.asked, { signal: running.signal });
      for await (const frame of frames(reply.body)) {
        if (state.running !== running) return;
        if (frame.state === "failed") throw new Error(frame.sentence);
        if (frame.state === "begun") { state.opening = frame; look(); continue; }
        state.latest = frame;
        requestAnimationFrame(paint);
      }
    } catch (fault) {
      if (state.running === running) get("duel-state").textContent = fault.message;
    }
  }

  // ---- the picture ----
  function paint() {
    const { latest, opening, asked } = state;
    if (!latest?.errors.length) return;
    const { errors, fields, neurons, verdict } = latest, side = opening.side;
    chart.show(errors);
    SIDES.forEach((name, s) => {
      const maps = fields.map((round) => round[s]), units = bytes(neurons[s] ?? ""), cells = side ** 2;
      paintField(get(`${name}-map`), bytes(maps.at(-1)), side);
      fill(get(`${name}-thumbs`), maps, (canvas, map) => {
        if (canvas.shown !== map) paintField(canvas, bytes(map), side);
        canvas.shown = map;
      });
      const own = Array.from({ length: units.length / cells }, (_, i) => units.subarray(i * cells, (i + 1) * cells));
      fill(get(`${name}-neurons`), own, (canvas, map) => paintField(canvas, map, side));
    });
    if (get("verdict").textContent !== verdict) get("verdict").textContent = verdict;
    get("duel-state").textContent = latest.state === "finished" ? "Done."
      : `Round ${errors.length} of ${asked.rounds}, epoch ${errors.at(-1)[0].length - 1} of ${asked.epochs}.`;
  }

  function paintAnew() {
    for (const name of SIDES) get(`${name}-thumbs`).replaceChildren();  // which else stay as they are
    paint();
  }

  function fill(box, maps, draw) {
    while (box.children.length > maps.length) box.lastChild.remove();
    while (box.children.length < maps.length) box.append(document.createElement("canvas"));
    maps.forEach((map, i) => draw(box.children[i], map));
  }
}
