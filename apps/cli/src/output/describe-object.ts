import type { PolicyResource } from '@ambit/contracts';
import { printable } from '@ambit/kernel';
import type { KindView, Line } from '../kinds/kind-view.ts';
import { oneLine } from './one-line.ts';
import { relativeTime } from './relative-time.ts';

/** Everything about an object, one fact per line; what is not there is left out. `asked` is what was asked for besides. */
export function describeObject(
  view: KindView,
  object: PolicyResource,
  { now, asked = [] }: { readonly now: number; readonly asked?: readonly Line[] },
): string {
  const lines = [
    ...metaLines(object, now),
    ...view.lines(object, now),
    ...asked,
    ...conditionLines(object, now),
  ];
  const shown = lines.filter(([, value]) => value.length > 0);
  const width = Math.max(...shown.map(([title]) => title.length)) + 3;
  return shown.map(([title, value]) => factText(title, value, width)).join('');
}

function factText(title: string, value: Line[1], width: number): string {
  const values = typeof value === 'string' ? [value] : value;
  return values
    .map(
      (one, index) =>
        `${(index === 0 && title !== '' ? `${title}:` : '').padEnd(width)}${printable(one)}\n`,
    )
    .join('');
}

function pairs(record: Readonly<Record<string, string>>): string[] {
  return Object.entries(record).map(([key, value]) => `${key}=${value}`);
}

function metaLines({ kind, metadata }: PolicyResource, now: number): Line[] {
  return [
    ['Name', metadata.name],
    ['Kind', kind],
    ['Labels', pairs(metadata.labels)],
    ['Annotations', pairs(metadata.annotations)],
    ['UID', metadata.uid],
    ['Revision', `${metadata.resourceVersion} (generation ${metadata.generation})`],
    [
      'Created',
      `${metadata.creationTimestamp} (${relativeTime(metadata.creationTimestamp, now)} ago)`,
    ],
  ];
}

function conditionLines({ status }: PolicyResource, now: number): Line[] {
  const lines = status.conditions.map(
    ({ type, status: value, reason, message, lastTransitionTime }) => {
      const since =
        lastTransitionTime === undefined ? '' : ` for ${relativeTime(lastTransitionTime, now)}`;
      return `${type}=${value} (${reason})${since}${message === undefined ? '' : `: ${oneLine(message)}`}`;
    },
  );
  return [['Conditions', lines]];
}
