// Shows what a rule would select while it is typed. The server answers in ready sentences.
"use strict";
document.addEventListener("DOMContentLoaded", () => {
  for (const area of document.querySelectorAll("textarea[data-preview]")) {
    const box = document.createElement("div");
    box.className = "ts-preview";
    box.setAttribute("role", "status");
    area.insertAdjacentElement("afterend", box);
    let timer = 0;
    let latest = 0;
    const ask = async () => {
      const turn = ++latest;
      const key = document.querySelector("#id_key");
      const body = new URLSearchParams({ rule: area.value, key: key ? key.value : "" });
      const answer = await fetch(area.dataset.preview, {
        method: "POST",
        headers: { "X-CSRFToken": document.querySelector("[name=csrfmiddlewaretoken]").value },
        body,
      });
      if (turn === latest && answer.ok) show(await answer.json());
    };
    const show = ({ ok, headline, lines, note }) => {
      box.classList.toggle("ts-wrong", !ok);
      box.replaceChildren(
        paragraph(headline, ok ? "b" : "p"),
        ...lines.map((line) => paragraph(line, "p")),
        ...(note ? [paragraph(note, "small")] : []),
      );
    };
    area.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(ask, 400);
    });
    ask();
  }
  function paragraph(text, tag) {
    const element = document.createElement(tag);
    element.textContent = text;
    return element;
  }
});
