// Why one customer is, or is not, among those the rule selects: each clause with what decided it.
import { useState } from "preact/hooks";
import { useWords } from "./context.js";
import { SignedOut } from "./signed_out.jsx";

/** `ask(number)` talks to the server; `onGo(pointer)` shows a clause's card, where there are cards. */
export function Why({ ask, onGo }) {
  const words = useWords();
  const [number, setNumber] = useState("");
  const [answer, setAnswer] = useState(null);
  const find = async () => {
    try {
      setAnswer(await ask(number));
    } catch (error) {
      setAnswer({ ok: false, headline: words.broken });
    }
  };
  // Enter in this box asks; it must not save the form around it.
  const onKeyDown = (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    find();
  };
  return (
    <section class="ts-why">
      <h3 class="ts-h3">{words.why}</h3>
      <div class="ts-why-ask">
        <input class="ts-in" type="text" autocomplete="off" aria-label={words.number_of_customer} placeholder={words.number_of_customer} value={number}
          onInput={(event) => setNumber(event.target.value)} onKeyDown={onKeyDown} />
        <button type="button" class="ts-button ts-button-small" onClick={find}>{words.ask}</button>
      </div>
      <div role="status">
        {answer?.isSignedOut && <SignedOut />}
        {answer?.headline && <p class={answer.ok ? "" : "ts-is-not"}><b>{answer.headline}</b></p>}
        {answer?.ok && <ul class="ts-clauses"><Clause clause={answer.clause} onGo={onGo} /></ul>}
      </div>
    </section>
  );
}

function Clause({ clause, onGo }) {
  const words = useWords();
  const { pointer, is_met: isMet, joint, asked, found, children } = clause;
  const said = joint ? { all: words.all_met, any: words.any_met, not: words.not_of }[joint] : asked;
  return (
    <li>
      <div class="ts-clause">
        <span class={`material-symbols-outlined ts-icon ${isMet ? "ts-is-met" : "ts-is-not"}`} role="img" aria-label={isMet ? words.met : words.not_met}>
          {isMet ? "check_circle" : "cancel"}
        </span>
        {onGo ? <button type="button" onClick={() => onGo(pointer)}>{said}</button> : <span>{said}</span>}
        {found && <small>{found}</small>}
      </div>
      {children.length > 0 && (
        <ul class="ts-clauses">{children.map((child) => <Clause key={child.pointer} clause={child} onGo={onGo} />)}</ul>
      )}
    </li>
  );
}
