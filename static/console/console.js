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
