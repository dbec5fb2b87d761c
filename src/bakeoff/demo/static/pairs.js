// The first tab: two papers, a question whenever one of them changes, the networks' answers.
import { Paper } from "./paper.js";
import { ask, percent } from "./talk.js";

const NAMES = { first: "Left", second: "Right" };
const SAY_AFTER = 700;  // a reader is told once the hand rests

const element = (tag, className = "", text = "") => {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
};

export async function startPairs() {
  const pen = document.getElementById("pen");
  const width = () => Number(pen.value) / 100;
  pen.addEventListener("input", () => pen.setAttribute("aria-valuetext", `${pen.value} % of the canvas`));

  const papers = {};
  let networks = [], cards = [], asking = false, again = false, timer = 0, labels = null;

  for (const side of Object.keys(NAMES)) {
    const place = document.getElementById(side);
    papers[side] = new Paper(place.querySelector(".paper canvas"), width, () => question());
    place.querySelector(".clear").addEventListener("click", () => papers[side].clear());
  }
  document.getElementById("clear-both").addEventListener("click", () => {
    for (const paper of Object.values(papers)) paper.clear();
  });
  document.getElementById("random").addEventListener("click", async () => {
    const asked = Object.values(papers).map((paper) => paper.changes);
    const pair = await (await ask("pair")).json();
    Object.values(papers).forEach((paper, i) => {  // what was drawn meanwhile stays
      if (paper.changes === asked[i]) paper.showTest(pair[i]);
    });
  });

  async function question() {
    if (asking) { again = true; return; }
    asking = true;
    try {
      do {
        again = false;
        const [first, second] = [papers.first.question(), papers.second.question()];
        labels = [papers.first.test?.label, papers.second.test?.label];
        const reply = await ask("answer", { first, second });
        show(await reply.json());
      } while (again);
    } catch { /* told already */ } finally { asking = false; }
  }

  function show({ pictures, answers }) {
    Object.keys(NAMES).forEach((side, i) => showPicture(side, pictures[i]));
    cards.forEach((card, i) => showAnswer(card, answers?.[i]));
    const sign = document.getElementById("sign");
    const leading = answers && majority(answers).side;
    sign.textContent = { first: ">", second: "<" }[leading] ?? "?";
    sign.className = `sign ${leading ?? ""}`;
    clearTimeout(timer);
    timer = setTimeout(() => { document.getElementById("said").textContent = summary(answers); }, SAY_AFTER);
  }

  function summary(answers) {
    if (!answers) return "";
    const readings = new Set(answers.filter(({ digits }) => digits).map(({ digits }) => digits.map(best).join(" and ")));
    const [read, ...others] = readings;
    const agreed = read && !others.length;
    const told = agreed ? ` ${answers.length > 1 ? "Read as" : "It reads"} ${read}.` : "";
    const [first, second] = agreed ? read.split(" and ") : [];
    const equal = agreed && first === second ? " No network was ever shown two equal digits." : "";
    const truth = labels.every((label) => label !== undefined) ? ` It is ${labels[0]} and ${labels[1]}.` : "";
    return `${verdict(answers)}${told}${equal}${truth}`;
  }

  function verdict(answers) {
    const { side, votes } = majority(answers);
    const all = answers.length;
    if (all === 1) return `${NAMES[side]} is larger, ${percent(Math.max(...answers[0].larger))} sure.`;
    if (!side) return `The networks disagree: ${votes} of ${all} say left, ${votes} say right.`;
    const who = votes < all ? `${votes} of ${all}` : all === 2 ? "Both" : `All ${all}`;
    return `${who} networks say that the ${NAMES[side].toLowerCase()} digit is larger.`;
  }

  networks = await (await ask("networks")).json();
  cards = networks.map(makeCard);
  document.getElementById("answers").replaceChildren(...cards.map((card) => card.root));
  question();
}

const side = ([first, second]) => (first >= second ? "first" : "second");
function majority(answers) {
  const left = answers.filter(({ larger }) => side(larger) === "first").length;
  const right = answers.length - left;
  return { side: left === right ? undefined : left > right ? "first" : "second", votes: Math.max(left, right) };
}
const best = (shares) => shares.indexOf(Math.max(...shares));

function showPicture(name, picture) {
  const canvas = document.querySelector(`#${name} .picture`);
  const context = canvas.getContext("2d");
  const pixels = context.createImageData(14, 14);
  for (let i = 0; i < 196; i++) {
    pixels.data.fill(picture ? picture[i] : 0, 4 * i, 4 * i + 3);
    pixels.data[4 * i + 3] = 255;
  }
  context.putImageData(pixels, 0, 0);
  canvas.setAttribute("aria-label", `${NAMES[name]} picture, 14 by 14: ${picture ? "a digit" : "empty"}`);
}

function makeCard({ name, origin, parameters, card }) {
  const root = element("li", "card");
  const verdict = element("p", "verdict", "–");
  const balance = element("div", "balance empty");
  balance.setAttribute("role", "img");
  balance.append(element("i"), element("i"));
  const reads = element("div", "reads");
  const meta = element("p", "meta", `${parameters.toLocaleString("en")} parameters · ${origin}`);
  root.append(element("h3", "", name), meta, verdict, balance, reads);
  if (Object.keys(card).length) root.append(modelCard(card));
  return { root, verdict, balance, reads };
}

function modelCard(card) {
  const details = element("details");
  const list = element("dl");
  for (const [name, value] of Object.entries(card)) {
    const share = name.endsWith("accuracy") && typeof value === "number";
    list.append(
      element("dt", "", name.replaceAll("_", " ")),
      element("dd", "", share ? `${(100 * value).toFixed(2)} %` : String(value)),
    );
  }
  details.append(element("summary", "", "Model card"), list);
  return details;
}

function showAnswer({ verdict, balance, reads }, answer) {
  const leading = answer && side(answer.larger);
  verdict.className = `verdict ${leading ?? ""}`;
  verdict.textContent = answer
    ? `${NAMES[leading]} is larger · ${percent(Math.max(...answer.larger))}` : "Waiting for two digits";
  balance.classList.toggle("empty", !answer);
  balance.firstChild.style.width = `${100 * (answer ? answer.larger[0] : 0.5)}%`;
  balance.setAttribute("aria-label", answer
    ? `left larger ${percent(answer.larger[0])}, right larger ${percent(answer.larger[1])}` : "no answer yet");
  reads.replaceChildren(...(answer?.digits ?? []).map((shares, i) => digit(Object.keys(NAMES)[i], shares)));
}

function digit(name, shares) {
  const root = element("div", `read ${name}`);
  const figure = best(shares);
  const told = element("div");
  told.append(element("small", "", `${NAMES[name]} reads`), element("b", "", String(figure)), element("small", "", percent(shares[figure]).replace("over", ">")));
  const bars = element("div", "bars");
  bars.setAttribute("aria-hidden", "true");
  shares.forEach((share, i) => {
    const column = element("span");
    const bar = element("i");
    bar.style.height = `${28 * share}px`;
    column.append(bar, String(i));
    bars.append(column);
  });
  root.append(told, bars);
  return root;
}
