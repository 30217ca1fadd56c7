// What was typed outlives the page. Each change is kept in this tab, under the reader's number and
// the form's address; a form that opens beside such a draft offers it. A session that ended, a
// connection that broke and a refusal of the server thus lose nothing.
const PREFIX = "ts-draft:";
const ignored = (name) => name === "csrfmiddlewaretoken" || name.startsWith("_");
const fields = (form) => [...form.elements].filter((one) => one.name && !ignored(one.name) && !["submit", "button", "file"].includes(one.type));
const valuesOf = (form) => Object.fromEntries(fields(form).map((one) => [one.name, one.value]));
const isSame = (some, others) => JSON.stringify(some) === JSON.stringify(others);
const here = (reader) => `${PREFIX}${reader}:${location.pathname}`;

/** Keep the form's drafts. `offer(draft, take, forget)` asks the reader about one that was found. */
export function keepDrafts(form, { reader, offer }) {
  const key = here(reader);
  const first = valuesOf(form);
  const found = JSON.parse(sessionStorage.getItem(key) ?? "null");
  let isLeaving = false;
  const isChanged = () => !isSame(valuesOf(form), first);
  const keep = (isSent) => sessionStorage.setItem(key, JSON.stringify({ at: Date.now(), values: valuesOf(form), isSent }));
  const typed = () => (isChanged() ? keep(false) : sessionStorage.removeItem(key));
  form.addEventListener("input", typed);
  form.addEventListener("change", typed);
  form.addEventListener("submit", () => {
    isLeaving = true;
    keep(true);
    renewToken(form);
  });
  window.addEventListener("beforeunload", (event) => {
    if (!isLeaving && isChanged()) event.preventDefault();
  });
  // Whoever comes back with the browser's button finds the form as he left it.
  window.addEventListener("pageshow", () => (isLeaving = false));
  if (found === null) return;
  if (isSame(found.values, first)) return sessionStorage.removeItem(key);
  offer(found, () => fill(form, found.values), () => isChanged() || sessionStorage.removeItem(key));
}

/** A page that followed a form's sending, other than by a sign-in or the way back, means it was saved. */
export function forgetSaved() {
  if (performance.getEntriesByType("navigation")[0]?.type !== "navigate" || !document.referrer) return;
  const from = new URL(document.referrer).pathname;
  for (const key of Object.keys(sessionStorage)) {
    if (key.startsWith(PREFIX) && key.endsWith(`:${from}`) && JSON.parse(sessionStorage.getItem(key)).isSent) sessionStorage.removeItem(key);
  }
}

/** Signing in, perhaps in another tab, gives out a new token; the form goes with the newest. */
export function renewToken(form) {
  const token = document.cookie.match(/(?:^|; )csrftoken=([^;]+)/)?.[1];
  if (token) form.querySelector("[name=csrfmiddlewaretoken]").value = token;
}

function fill(form, values) {
  for (const field of fields(form)) {
    if (!(field.name in values) || field.value === values[field.name]) continue;
    field.value = values[field.name];
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }
}
