// The tabs, and what they hold.
import { startPairs } from "./pairs.js";
import { startDisk } from "./disk.js";
import { startDuel } from "./duel.js";

const tabs = [...document.querySelectorAll("[role=tab]")];
const disk = startDisk();
startPairs();
startDuel();

function show(tab, focus) {
  for (const other of tabs) {
    const chosen = other === tab;
    other.setAttribute("aria-selected", String(chosen));
    other.tabIndex = chosen ? 0 : -1;
    document.getElementById(other.getAttribute("aria-controls")).hidden = !chosen;
  }
  if (focus) tab.focus();
  const name = tab.getAttribute("aria-controls");
  history.replaceState(null, "", `#${name}`);
  disk.shown(name === "disk");
  window.dispatchEvent(new Event("resize"));
}

for (const [i, tab] of tabs.entries()) {
  tab.addEventListener("click", () => show(tab, false));
  tab.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step) show(tabs[(i + step + tabs.length) % tabs.length], true);
  });
}
show(tabs.find((tab) => location.hash === `#${tab.getAttribute("aria-controls")}`) ?? tabs[0], false);
