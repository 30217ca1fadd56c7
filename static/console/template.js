// Tells how long a text message is while it is typed. The server answers in a ready sentence.
"use strict";
const tellLengths = (within) => {
  const measure = document.querySelector("[data-measure]");
  if (!measure) return;
  const box = (prefix, part) => document.querySelector(`[name="${CSS.escape(prefix + part)}"]`);
  for (const area of within.querySelectorAll("textarea[name$=text]")) {
    const prefix = area.name.slice(0, -"text".length);
    const line = document.createElement("div");
    line.className = "ts-note";
    line.setAttribute("role", "status");
    area.insertAdjacentElement("afterend", line);
    let timer = 0;
    let latest = 0;
    const ask = async () => {
      const turn = ++latest;
      const signature = box(prefix, "signature")?.value || box("part_", "signature")?.value || "";
      const text = area.value || box("part_", "text")?.value || "";
      const answer = await fetch(measure.dataset.measure, {
        method: "POST",
        headers: { "X-CSRFToken": document.querySelector("[name=csrfmiddlewaretoken]").value },
        body: new URLSearchParams({ text, signature }),
      });
      if (turn === latest) line.textContent = answer.ok ? (await answer.json()).line : "";
    };
    for (const typed of [area, box(prefix, "signature"), box("part_", "signature")]) {
      typed?.addEventListener("input", () => {
        clearTimeout(timer);
        timer = setTimeout(ask, 400);
      });
    }
    ask();
  }
};
document.addEventListener("DOMContentLoaded", () => tellLengths(document));
// Boxes for another language come into the page as it is: what was typed stays. The address names
// them, too, for the server that reads what is sent to it.
document.addEventListener("submit", async (event) => {
  const asked = event.target;
  if (!("addsBoxes" in asked.dataset)) return;
  event.preventDefault();
  const address = new URL(location.href);
  for (const [name, value] of new FormData(asked)) {
    if (name !== "variant") address.searchParams.set(name, value);
    else if (!address.searchParams.getAll(name).includes(value)) {
      address.searchParams.append(name, value);
    }
  }
  let made;
  try {
    const answer = await fetch(address);
    if (!answer.ok || answer.redirected) throw new Error(answer.status);
    made = new DOMParser().parseFromString(await answer.text(), "text/html");
  } catch {
    location.assign(address);
    return;
  }
  const last = [...document.querySelectorAll("#content-main form fieldset")].pop();
  let at = last;
  for (const fieldset of made.querySelectorAll("#content-main form fieldset")) {
    const names = [...fieldset.querySelectorAll("[name^='variant:']")].map((one) => one.name);
    if (!names.length || document.querySelector(`[name="${CSS.escape(names[0])}"]`)) continue;
    at.after(fieldset);
    at = fieldset;
    tellLengths(fieldset);
  }
  history.replaceState(null, "", address);
  last.closest("form").action = address;
  at.querySelector("textarea, input")?.focus();
});
