// Puts the builder where the form has a rule. Without it the form is a plain text box and works.
import { render } from "preact";
import { App } from "./app.jsx";
import { Builder } from "./context.js";
import { forgetSaved, keepDrafts, renewToken } from "./draft.js";
import { Offer } from "./offer.jsx";
import { Why } from "./why.jsx";

async function start(area) {
  const vocabulary = await fetched(area);
  const home = document.createElement("div");
  home.className = "ts-rule";
  area.insertAdjacentElement("beforebegin", home);
  const ask = (text, isExact, signal) => post(area.dataset.preview, { rule: text, exact: isExact ? "1" : "" }, signal);
  const askWhy = (text, number) => post(area.dataset.why, { rule: text, number });
  render(<App area={area} vocabulary={vocabulary} ask={ask} askWhy={askWhy} />, home);
  const place = document.createElement("div");
  area.form.insertAdjacentElement("afterbegin", place);
  const offer = (draft, take, forget) =>
    render(<Offer draft={draft} words={vocabulary.words} take={take} forget={forget} />, place);
  keepDrafts(area.form, { reader: vocabulary.reader, offer });
}

/** Who may only look at a segment asks why somebody is in it. */
async function startWhy(home) {
  const vocabulary = await fetched(home);
  const rule = JSON.parse(document.getElementById(home.dataset.rule).textContent);
  const ask = (number) => post(home.dataset.why, { rule, number });
  render(<Builder.Provider value={{ vocabulary, problem: null }}><Why ask={ask} /></Builder.Provider>, home);
}

async function fetched(element) {
  const answer = await fetch(element.dataset.vocabulary);
  if (!answer.ok) throw new Error(`The vocabulary cannot be had: ${answer.status}`);
  return answer.json();
}

/** Posts to one of the page's addresses, as the form would. */
async function post(address, values, signal) {
  const box = document.querySelector("[name=csrfmiddlewaretoken]");
  renewToken(box.parentElement);
  const key = document.querySelector("#id_key")?.value ?? "";
  const body = new URLSearchParams({ ...values, key });
  const answer = await fetch(address, { method: "POST", headers: { "X-CSRFToken": box.value }, body, signal });
  // Whoever is signed out is led to the sign-in.
  if (answer.redirected) return { ok: false, pointer: null, isSignedOut: true };
  if (!answer.ok) throw new Error(String(answer.status));
  return answer.json();
}

document.addEventListener("DOMContentLoaded", () => {
  forgetSaved();
  for (const area of document.querySelectorAll("textarea[data-vocabulary]")) start(area);
  for (const home of document.querySelectorAll("div[data-why]")) startWhy(home);
});
