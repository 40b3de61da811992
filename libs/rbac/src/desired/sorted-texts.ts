import { compareText } from '@ambit/kernel';

/** The same list when it is sorted and unique, else a copy that is. */
export function sortedUnique(texts: readonly string[]): readonly string[] {
  for (let at = 1; at < texts.length; at++) {
    if (compareText(texts[at - 1] ?? '', texts[at] ?? '') >= 0) {
      return [...new Set(texts)].sort(compareText);
    }
  }
  return texts;
}

/** True when both hold the same texts in the same order. */
export function sameTexts(a: readonly string[], b: readonly string[]): boolean {
  return a === b || (a.length === b.length && a.every((text, index) => text === b[index]));
}

/** True when a sorted list holds the text. */
export function sortedHas(texts: readonly string[], wanted: string): boolean {
  let low = 0;
  let high = texts.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compareText(texts[middle] ?? '', wanted) < 0) low = middle + 1;
    else high = middle;
  }
  return texts[low] === wanted;
}

/** True when a sorted list holds any of the texts. */
export function sortedHasAny(texts: readonly string[], wanted: ReadonlySet<string>): boolean {
  if (wanted.size > texts.length) return texts.some((text) => wanted.has(text));
  for (const text of wanted) if (sortedHas(texts, text)) return true;
  return false;
}
