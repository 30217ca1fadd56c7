// Opens the confirmation that belongs to a button, and only that.
"use strict";
document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-opens]");
  if (opener) document.getElementById(opener.dataset.opens).showModal();
  const closer = event.target.closest("[data-closes]");
  if (closer) closer.closest("dialog").close();
});
// A form that was refused is shown again with its question open.
document.addEventListener("DOMContentLoaded", () => {
  document.querySelector("dialog[data-open]")?.showModal();
});
// Unfold writes the name of a chosen file into the nearest box for text, as its own file field has
// one for that. Ours hold something else: a source, a key. It leaves out what bears this mark.
document.addEventListener("DOMContentLoaded", () => {
  for (const box of document.querySelectorAll("input.ts-area[type=file]")) {
    box.hasChangeListener = true;
  }
});
