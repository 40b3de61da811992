/**
 * Letters of other scripts that look like Latin ones in common fonts, after compatibility normalisation. It only
 * serves the hint: every character outside the allowed ones is refused, whether it stands here or not.
 */
const lookAlikes: Readonly<Record<string, string>> = {
  // Cyrillic
  а: 'a',
  в: 'b',
  е: 'e',
  з: '3',
  і: 'i',
  ј: 'j',
  к: 'k',
  м: 'm',
  н: 'h',
  о: 'o',
  р: 'p',
  с: 'c',
  т: 't',
  у: 'y',
  х: 'x',
  ѕ: 's',
  ԁ: 'd',
  ԛ: 'q',
  ԝ: 'w',
  һ: 'h',
  // Greek
  α: 'a',
  ε: 'e',
  ι: 'i',
  κ: 'k',
  ν: 'v',
  ο: 'o',
  ρ: 'p',
  τ: 't',
  υ: 'u',
  χ: 'x',
  // Latin letters without a decomposition, and punctuation
  ı: 'i',
  ȷ: 'j',
  ɑ: 'a',
  ɡ: 'g',
  ł: 'l',
  ø: 'o',
  đ: 'd',
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  '‐': '-',
  '‑': '-',
  '‒': '-',
  '–': '-',
  '—': '-',
  '−': '-',
  '․': '.',
  '。': '.',
};

/**
 * The plain name somebody most likely meant: lower case, look-alikes as Latin letters, without accents, invisible
 * characters and outer spaces; inner spaces become "-". It may still be no valid name.
 */
export function foldName(name: string): string {
  const plain = name
    .normalize('NFKC')
    .toLowerCase()
    .normalize('NFKD')
    .replace(/[\p{M}\p{Cf}\p{Cc}\p{Co}\p{Cn}\p{Cs}]/gu, '')
    .trim()
    .replace(/\s+/gu, '-');
  return Array.from(plain, (character) =>
    Object.hasOwn(lookAlikes, character) ? lookAlikes[character] : character,
  ).join('');
}
