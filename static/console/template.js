// Tells how long a text message is while it is typed. The server answers in a ready sentence.
"use strict";
document.addEventListener("DOMContentLoaded", () => {
  const measure = document.querySelector("[data-measure]");
  if (!measure) return;
  const box = (prefix, part) => document.querySelector(`[name="${CSS.escape(prefix + part)}"]`);
  for (const area of document.querySelectorAll("textarea[name$=text]")) {
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
      if (turn === latest && answer.ok) line.textContent = (await answer.json()).line;
    };
    for (const typed of [area, box(prefix, "signature"), box("part_", "signature")]) {
      typed?.addEventListener("input", () => {
        clearTimeout(timer);
        timer = setTimeout(ask, 400);
      });
    }
    ask();
  }
});
