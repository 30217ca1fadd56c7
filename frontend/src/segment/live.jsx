// What the rule selects, asked while it is typed: an exact count where that is quick, otherwise first
// an estimate and then the exact one. The answer to an older text is never shown.
import { useEffect, useState } from "preact/hooks";
import { useWords } from "./context.js";
import { SignedOut } from "./signed_out.jsx";

const PAUSE = 350;

/** The newest answer, with the text it is about; `ask(text, isExact, signal)` talks to the server. */
export function useAnswer(ask, text) {
  const [answer, setAnswer] = useState(null);
  useEffect(() => {
    if (!text.trim()) return setAnswer(null);
    const stop = new AbortController();
    const find = async () => {
      try {
        const first = await ask(text, false, stop.signal);
        setAnswer({ ...first, text });
        if (!first.is_estimate) return;
        const exact = await ask(text, true, stop.signal);
        // Where counting takes too long, the estimate stays and says so.
        setAnswer(exact.ok ? { ...exact, text } : { ...first, text, uncounted: exact.headline });
      } catch (error) {
        if (error.name !== "AbortError") setAnswer({ text, broken: true });
      }
    };
    const timer = setTimeout(find, answer === null ? 0 : PAUSE);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [text]);
  return answer;
}

export function Live({ answer, problem, onGo }) {
  const words = useWords();
  const isCurrent = answer !== null && !answer.broken && (answer.ok || problem !== null);
  return (
    <section class={`ts-preview ${problem ? "ts-wrong" : ""}`}>
      <div role="status" aria-busy={isCurrent ? "false" : "true"}>
        {answer?.broken && <p>{words.broken}</p>}
        {answer?.isSignedOut && <SignedOut />}
        {answer?.headline && (answer.ok ? <b>{answer.headline}</b> : <p>{answer.headline}</p>)}
        {problem && <button type="button" class="ts-mini ts-mini-word" onClick={() => onGo(problem.pointer)}>{words.look}</button>}
        {answer?.note && <small>{answer.note}</small>}
        {answer?.is_estimate && <small>{answer.uncounted ?? words.counting}</small>}
      </div>
      {answer?.ok && <Reading answer={answer} />}
      {answer?.ok && answer.warnings.map((warning) => (
        <p class="ts-warning" key={warning.pointer}>
          <button type="button" class="ts-mini ts-mini-word" onClick={() => onGo(warning.pointer)}>{words.look}</button> {warning.sentence}
        </p>
      ))}
      {answer?.ok && <Members members={answer.members} />}
    </section>
  );
}

/** The rule in the reader's language; in the other one on demand. */
function Reading({ answer }) {
  const words = useWords();
  return (
    <>
      <h3 class="ts-h3">{words.in_words}</h3>
      <p>{answer.reading}</p>
      <details class="ts-other"><summary>{words.other_language}</summary><p>{answer.other_reading}</p></details>
    </>
  );
}

function Members({ members }) {
  const words = useWords();
  if (!members.length) return null;
  return (
    <>
      <h3 class="ts-h3">{words.some_of_them}</h3>
      <div class="ts-scroll ts-members" tabindex={0} role="region" aria-label={words.some_of_them}>
        <table class="ts-table">
          <tbody>
            {members.map((one) => (
              <tr key={one.number}><td><a class="ts-link" href={one.url}>{one.number}</a></td><td>{one.name}</td></tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}
