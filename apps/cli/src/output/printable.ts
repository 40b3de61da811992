/** Control and direction-changing characters: a name or message from elsewhere must not move a terminal's cursor. */
const unsafe = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/** The text on one line, with everything a terminal would act on made visible. */
export function printable(text: string): string {
  return text.replace(unsafe, (character) => {
    if (character === '\t') return ' ';
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}
