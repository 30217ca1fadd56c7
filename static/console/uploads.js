// A file that is too large is not sent; a check or an import shows how far it is.
"use strict";
(() => {
  const form = document.getElementById("ts-upload");
  form?.elements.file.addEventListener("change", ({ target }) => {
    const file = target.files[0];
    const isTooLarge = file && file.size > Number(form.dataset.most) * 1024 * 1024;
    target.setCustomValidity(isTooLarge ? form.dataset.tooLarge : "");
    target.reportValidity();
  });

  const board = document.getElementById("ts-progress");
  if (!board) return;
  const bar = board.querySelector("progress");
  const line = board.querySelector("p");
  const renew = async () => {
    try {
      const answer = await fetch(board.dataset.progress, { headers: { Accept: "application/json" } });
      if (!answer.ok || answer.redirected) return;
      const pace = await answer.json();
      if (!pace.is_busy) return location.reload();
      if (pace.rows_total) {
        bar.max = pace.rows_total;
        bar.value = pace.rows_done;
      }
      line.textContent = pace.told;
    } catch {
      // Offline for a moment: the next round asks again.
    }
  };
  renew();
  setInterval(renew, 1000);
})();
