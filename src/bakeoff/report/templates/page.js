"use strict";
// Two of a figure's curves are shown at a time: those chosen. Without this script, all of them are.
for (const chooser of document.querySelectorAll(".chooser")) {
  const selects = [...chooser.querySelectorAll("select")];
  const buttons = [...chooser.querySelectorAll("button")];
  const prefix = `${chooser.dataset.figure}-series-`;
  const parts = [...document.querySelectorAll(`[id^="${prefix}"]`)];
  const show = () => {
    const chosen = selects.map((select) => select.value);
    for (const part of parts) {
      const place = part.id.slice(prefix.length).split("-")[0];
      part.style.display = chosen.includes(place) ? "" : "none";
    }
    for (const select of selects) {
      const colour = `var(--series-${Number(select.value) % 8})`;
      select.parentElement.style.setProperty("--line", colour);
    }
    for (const button of buttons) {
      button.setAttribute("aria-pressed", String(button.dataset.pair === chosen.join(" ")));
    }
  };
  for (const select of selects) select.addEventListener("change", show);
  for (const button of buttons) {
    button.addEventListener("click", () => {
      button.dataset.pair.split(" ").forEach((place, i) => { selects[i].value = place; });
      show();
    });
  }
  show();
}
