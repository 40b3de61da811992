import { printable, printableLines } from '@ambit/kernel';

const hidden = new Set(['level', 'time', 'name', 'message']);

/** A JSON log line as a person reads it: time, level, message, then the fields; a stack on lines of its own. */
export function readableLine(line: string): string {
  const entry = JSON.parse(line) as Record<string, unknown>;
  const time = String(entry['time']).slice(11, 23);
  const level = String(entry['level']).toUpperCase().padEnd(5);
  const fields: string[] = [];
  const stacks: string[] = [];
  for (const [name, value] of Object.entries(entry)) {
    if (hidden.has(name)) continue;
    const { text, stack } = fieldText(value);
    fields.push(`${name}=${text}`);
    if (stack !== undefined) stacks.push(stack.replace(/^/gm, '      '));
  }
  const first = printable([time, level, String(entry['message']), ...fields].join(' '));
  return `${[first, ...stacks.map(printableLines)].join('\n')}\n`;
}

function fieldText(value: unknown): { text: string; stack?: string } {
  if (typeof value === 'string')
    return { text: /[\s="]/.test(value) ? JSON.stringify(value) : value };
  if (typeof value === 'object' && value !== null && 'stack' in value) {
    const { stack, ...rest } = value;
    return { text: JSON.stringify(rest), stack: String(stack) };
  }
  return { text: JSON.stringify(value) };
}
