// A file that is too large is not sent.
"use strict";
(() => {
  const form = document.getElementById("ts-upload");
  form?.elements.file.addEventListener("change", ({ target }) => {
    const file = target.files[0];
    const isTooLarge = file && file.size > Number(form.dataset.most) * 1024 * 1024;
    target.setCustomValidity(isTooLarge ? form.dataset.tooLarge : "");
    target.reportValidity();
  });
})();
