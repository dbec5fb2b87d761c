// Questions to the server, and what to say when it does not answer.

const trouble = document.getElementById("trouble");

export function tell(sentence) {
  trouble.textContent = sentence;
  trouble.hidden = !sentence;
}

export async function ask(path, body, options = {}) {
  const told = body === undefined ? {} : {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  };
  let reply;
  try {
    reply = await fetch(path, { ...told, ...options });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    tell("The demo’s server does not answer. Start it again with: bakeoff demo");
    throw error;
  }
  if (!reply.ok) {
    const { error = `status ${reply.status}` } = await reply.json().catch(() => ({}));
    tell(error);
    throw new Error(error);
  }
  tell("");
  return reply;
}

export const percent = (share) =>
  share > 0.9995 ? "over 99.9 %" : `${(100 * share).toFixed(share > 0.1 ? 1 : 2)} %`;

export const colours = () => {
  const style = getComputedStyle(document.documentElement);
  return (name) => style.getPropertyValue(`--${name}`).trim();
};

// Gives a canvas as many pixels as the screen has for it; returns its context in CSS pixels.
export function fitted(canvas) {
  const scale = window.devicePixelRatio || 1;
  const width = canvas.clientWidth, height = canvas.clientHeight;
  canvas.width = Math.max(1, Math.round(width * scale));
  canvas.height = Math.max(1, Math.round(height * scale));
  const context = canvas.getContext("2d");
  context.setTransform(canvas.width / Math.max(1, width), 0, 0, canvas.height / Math.max(1, height), 0, 0);
  return { context, width, height };
}
