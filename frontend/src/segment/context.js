// What every part of the builder needs: the server's vocabulary and the place of what is wrong.
import { createContext } from "preact";
import { useContext } from "preact/hooks";

export const Builder = createContext(null);

export const useWords = () => useContext(Builder).vocabulary.words;
export const useVocabulary = () => useContext(Builder).vocabulary;

/** Attributes of a control for the value at this pointer: marked while the server refuses it. */
export function useControl(pointer, label) {
  const { problem } = useContext(Builder);
  const isWrong = problem !== null && `${problem.pointer}/`.startsWith(`${pointer}/`);
  return {
    "aria-label": label,
    "aria-invalid": isWrong ? "true" : undefined,
    "aria-describedby": isWrong ? "ts-rule-problem" : undefined,
    "data-pointer": pointer,
  };
}
