export interface Token {
  readonly type: 'word' | 'symbol' | 'end';
  readonly text: string;
}

const special = '=!(),><';
const space = ' \t\r\n';

/** The words and symbols of a label selector's text, as Kubernetes' scanner cuts them. */
export function scanSelectorText(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < text.length) {
    const character = text.charAt(at);
    // A NUL ends the text, except right behind a token, where the scanner swallows it.
    if (character === '\0') break;
    if (space.includes(character)) {
      at++;
      continue;
    }
    const token = special.includes(character) ? scanSymbol(text, at) : scanWord(text, at);
    tokens.push(token);
    at += token.text.length;
    if (text.charAt(at) === '\0') at++;
  }
  return tokens;
}

function scanSymbol(text: string, at: number): Token {
  const pair = text.slice(at, at + 2);
  const symbol = pair === '==' || pair === '!=' ? pair : text.charAt(at);
  return { type: 'symbol', text: symbol };
}

function scanWord(text: string, at: number): Token {
  let end = at;
  while (end < text.length && isWordCharacter(text.charAt(end))) end++;
  return { type: 'word', text: text.slice(at, end) };
}

function isWordCharacter(character: string): boolean {
  return character !== '\0' && !special.includes(character) && !space.includes(character);
}
