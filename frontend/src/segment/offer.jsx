// The question above a form whose earlier, unsaved text was found.
import { useState } from "preact/hooks";

export function Offer({ draft, words, take, forget }) {
  const [isOpen, setIsOpen] = useState(true);
  if (!isOpen) return null;
  const answer = (verb) => () => {
    verb();
    setIsOpen(false);
  };
  const time = new Date(draft.at).toLocaleString(document.documentElement.lang, { dateStyle: "medium", timeStyle: "long" });
  return (
    <section class="ts-draft" role="status">
      <p>{words.draft} <time datetime={new Date(draft.at).toISOString()}>{time}</time></p>
      <span class="ts-pair">
        <button type="button" class="ts-button ts-button-small ts-button-main" onClick={answer(take)}>{words.draft_take}</button>
        <button type="button" class="ts-button ts-button-small" onClick={answer(forget)}>{words.draft_forget}</button>
      </span>
    </section>
  );
}
