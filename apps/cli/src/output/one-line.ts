/** What Kubernetes lists behind these words is every rule of a role, over many lines: it says nothing that the words do not. */
const ruleDump = /(permissions not currently held)\s*:?\s*[{\n][\s\S]*$/;

/** A text from elsewhere as one line: breaks become spaces, and a dump of rules is left out. */
export function oneLine(text: string): string {
  return text
    .replace(ruleDump, '$1')
    .replace(/\s*[\r\n]+\s*/g, ' ')
    .trim();
}
