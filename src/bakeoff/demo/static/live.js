// Shows a run's page anew whenever the server tells it: at once in the end, else after a moment.
const main = () => document.querySelector("main");
while (!main().dataset.over) {
  try {
    const told = await (await fetch("?again")).text();
    main().replaceWith(new DOMParser().parseFromString(told, "text/html").querySelector("main"));
  } catch {
    main().dataset.over = "stopped";
    main().prepend("The run does not answer: it was stopped, or has ended. So far:");
  }
}
