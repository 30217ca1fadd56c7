// The session ended while something was typed: where to sign in without leaving this page.
import { useWords } from "./context.js";

export function SignedOut() {
  const words = useWords();
  return <p>{words.signed_out} <a class="ts-link" href="/admin/" target="_blank" rel="noopener">{words.sign_in}</a></p>;
}
