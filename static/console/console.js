// Opens the confirmation that belongs to a button, and only that.
"use strict";
document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-opens]");
  if (opener) document.getElementById(opener.dataset.opens).showModal();
  const closer = event.target.closest("[data-closes]");
  if (closer) closer.closest("dialog").close();
});
// A second click sends nothing more; soon, as where a file was the answer, or back on the page, the
// form works again.
window.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post") return;
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = "yes";
  setTimeout(() => delete form.dataset.sent, 3000);
});
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
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
