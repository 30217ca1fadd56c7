// The advisor's workbench: clocks that run, lists that renew themselves, keys for every button.
"use strict";
(() => {
  const bench = document.querySelector(".ts-bench");
  const lists = document.getElementById("ts-tasks");
  // The server's clock counts: this machine's may be wrong, and a replay runs on another.
  const ahead = Number(bench.dataset.now) - Date.now() / 1000;
  const now = () => Date.now() / 1000 + ahead;

  const spelled = (seconds) => {
    const [days, rest] = [Math.floor(seconds / 86400), Math.floor(seconds % 86400)];
    const parts = [Math.floor(rest / 3600), Math.floor(rest / 60) % 60, rest % 60];
    const time = parts.map((part, place) => (place ? String(part).padStart(2, "0") : part)).join(":");
    return days ? `${bench.dataset.days.replace("{n}", days)} ${time}` : time;
  };

  const tick = () => {
    for (const clock of document.querySelectorAll("[data-at]")) {
      const left = Number(clock.dataset.at) - now();
      clock.textContent = (left < 0 ? bench.dataset.over : bench.dataset.left).replace("{time}", spelled(Math.abs(left)));
      clock.classList.toggle("ts-bad", left < 0);
      clock.classList.toggle("ts-warn", left >= 0 && left < 3600);
    }
    const undo = lists.querySelector(".ts-undo");
    if (!undo) return;
    const left = Math.ceil(Number(undo.dataset.until) - now());
    undo.hidden = left <= 0;
    undo.style.display = left <= 0 ? "none" : "";
    undo.querySelector("[data-seconds]").textContent = bench.dataset.seconds.replace("{n}", left);
  };

  const mark = () => {
    const open = document.querySelector("[data-open-task]")?.dataset.openTask;
    const card = open && lists.querySelector(`[data-task="${open}"]`);
    if (card) card.setAttribute("aria-current", "true");
  };

  // A list is not replaced under a finger or a focus: the card comes back to where it was.
  const renew = async () => {
    if (document.hidden) return;
    try {
      const answer = await fetch(bench.dataset.tasks, { headers: { "X-Requested-With": "fetch" } });
      if (!answer.ok || answer.redirected) return;
      const fresh = await answer.text();
      const focused = lists.contains(document.activeElement) ? document.activeElement.dataset.task : null;
      lists.innerHTML = fresh;
      if (focused) lists.querySelector(`[data-task="${focused}"]`)?.focus();
      mark();
      tick();
    } catch {
      // Offline for a moment: the next round asks again.
    }
  };

  const move = (step) => {
    const cards = [...lists.querySelectorAll("[data-task]")];
    if (!cards.length) return;
    const place = cards.indexOf(document.activeElement);
    cards[place < 0 ? 0 : Math.min(Math.max(place + step, 0), cards.length - 1)].focus();
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, textarea, select, [contenteditable]")) return;
    if (document.querySelector(":popover-open")) return;
    if (event.key === "j" || event.key === "k") return move(event.key === "j" ? 1 : -1);
    const button = document.querySelector(`.ts-bench [data-key="${CSS.escape(event.key)}"]`);
    if (!button) return;
    event.preventDefault();
    button.click();
    if (button.popoverTargetElement) button.popoverTargetElement.querySelector("button").focus();
  });

  // An answer to a button is no page to come back to: "back" and "reload" would ask to press it again.
  if (bench.dataset.page && location.pathname !== bench.dataset.page) {
    history.replaceState(null, "", bench.dataset.page);
  }

  mark();
  tick();
  setInterval(tick, 1000);
  setInterval(renew, 5000);
})();
