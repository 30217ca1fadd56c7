// The stations' figures renew themselves; an open question is not taken away meanwhile.
"use strict";
(() => {
  const board = document.getElementById("ts-board");
  const renew = async () => {
    if (document.hidden || board.contains(document.activeElement) || board.querySelector("dialog[open]")) return;
    try {
      const answer = await fetch(board.dataset.board, { headers: { "X-Requested-With": "fetch" } });
      if (answer.ok && !answer.redirected) board.innerHTML = await answer.text();
    } catch {
      // Offline for a moment: the next round asks again.
    }
  };
  setInterval(renew, 2000);
})();
