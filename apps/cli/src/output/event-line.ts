import type { AuditEventRecord } from '@ambit/contracts';
import { printable } from '@ambit/kernel';
import { oneLine } from './one-line.ts';
import type { Painted } from './paint.ts';
import { padText } from './text-width.ts';

const alarming =
  /^(audit\.(?!retention)|login\.failed|join_token\.refused|drift\.|ceiling\.refused|agent\.(duplicate|fenced)|clock\.)/;

/** One event on one line: time (with the day unless it is today), what, where, who, whose word it is, in words. `wide` has the whole time, the id and the grants. */
export function eventLine(
  event: AuditEventRecord,
  { wide, now }: { readonly wide: boolean; readonly now: number },
): (string | Painted)[] {
  const time = wide ? event.time : localTime(event.time, new Date(now));
  const type = padText(printable(event.type), 18);
  const cells = [
    padText(printable(event.cluster ?? '-'), 12),
    padText(printable(event.actor.name), 14),
    padText(printable(event.reportedBy ?? '-'), 14),
    printable(messageOf(event)),
  ];
  const more = wide
    ? [
        `[${printable(event.id)}]`,
        ...(event.grants ?? []).map((grant) => `grant/${printable(grant)}`),
      ]
    : [];
  const shown = alarming.test(event.type) ? ({ text: type, colour: 'yellow' } as const) : type;
  return [
    `${time}  `,
    shown,
    `  ${cells.join('  ')}`,
    ...suspicion(event),
    ...more.map((each) => `  ${each}`),
  ];
}

/** The message; it is told of which object, where the message does not say so itself. */
function messageOf({ message, object }: AuditEventRecord): string {
  const text = oneLine(message);
  if (object === undefined || text.includes(object.name)) return text;
  const { kind, namespace, name } = object;
  return `${[kind, namespace, name].filter((part) => part !== undefined).join('/')}: ${text}`;
}

/** What central does not believe of it. */
function suspicion({ suspect = [] }: AuditEventRecord): (string | Painted)[] {
  if (suspect.length === 0) return [];
  return ['  ', { text: `(not believed: ${printable(suspect.join(', '))})`, colour: 'yellow' }];
}

function localTime(time: string, now: Date): string {
  const date = new Date(time);
  const two = (value: number) => String(value).padStart(2, '0');
  const clock = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  if (date.toDateString() === now.toDateString()) return clock;
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${clock}`;
}
