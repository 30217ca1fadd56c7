// Work that a worker is at: the page shows how far it is, and what came of it.
"use strict";
(() => {
  const board = document.getElementById("ts-progress");
  if (!board) return;
  const bar = board.querySelector("progress");
  const [line, way] = board.querySelectorAll("p");
  const end = (pace) => {
    // A page on which somebody may be typing is not loaded anew under his hands.
    if (board.dataset.stays === undefined) return location.reload();
    clearInterval(asking);
    bar.remove();
    line.textContent = pace.told;
    way.hidden = false;
  };
  const renew = async () => {
    try {
      const answer = await fetch(board.dataset.progress, { headers: { Accept: "application/json" } });
      if (!answer.ok || answer.redirected) return;
      const pace = await answer.json();
      if (!pace.is_busy) return end(pace);
      if (pace.total) {
        bar.max = pace.total;
        bar.value = pace.done;
      }
      line.textContent = pace.told;
    } catch {
      // Offline for a moment: the next round asks again.
    }
  };
  const asking = setInterval(renew, 1000);
  renew();
})();
