// Puts the builder where the form has a rule. Without it the form is a plain text box and works.
import { render } from "preact";
import { App } from "./app.jsx";

async function start(area) {
  const answer = await fetch(area.dataset.vocabulary);
  if (!answer.ok) return;
  const vocabulary = await answer.json();
  const home = document.createElement("div");
  home.className = "ts-rule";
  area.insertAdjacentElement("beforebegin", home);
  render(<App area={area} vocabulary={vocabulary} ask={asker(area)} />, home);
}

/** Posts a text to one of the page's addresses, as the form would. */
function asker(area) {
  const token = document.querySelector("[name=csrfmiddlewaretoken]");
  return async (rule, isExact, signal) => {
    const key = document.querySelector("#id_key");
    const body = new URLSearchParams({ rule, key: key ? key.value : "", exact: isExact ? "1" : "" });
    const answer = await fetch(area.dataset.preview, {
      method: "POST",
      headers: { "X-CSRFToken": token.value },
      body,
      signal,
    });
    if (!answer.ok) throw new Error(String(answer.status));
    return answer.json();
  };
}

document.addEventListener("DOMContentLoaded", () => {
  for (const area of document.querySelectorAll("textarea[data-vocabulary]")) start(area);
});
