import type { ProviderTest } from '@ambit/contracts';
import { printable } from '@ambit/kernel';
import { betweenText } from './access-words.ts';
import { oneLine } from './one-line.ts';

type Preview = NonNullable<ProviderTest['preview']>;
type Fact = readonly [title: string, values: readonly string[]];

const hows = {
  Link: 'linked before',
  ExternalId: 'by the id in the directory of the provider',
  Email: 'by the verified e-mail address',
  OnSignIn: 'made at the first sign-in',
} as const;

/** What a sign-in at a provider would have done, one fact per line, and what the provider said as it said it. */
export function previewText(preview: Preview): string {
  const { namedById = [] } = preview;
  const facts: readonly Fact[] = [
    ['Comes in as', [personText(preview)]],
    ['Groups', preview.groups.map(groupText)],
    ['Would join', preview.joins],
    ['Would leave', preview.leaves],
    ['Access', preview.access.map(accessText)],
    ['Notes', preview.notes],
    ['Issuer', [preview.issuer]],
    ['Subject', [preview.subject]],
    ...(namedById.length === 0 ? [] : [['Named by id', namedById.map(namedText)] as const]),
    ['Claims', Object.entries(preview.claims).map(claimText)],
  ];
  return facts.map(factText).join('');
}

function personText({ person, refusal }: Preview): string {
  if (person !== undefined && refusal === undefined)
    return `user/${person.name} (${hows[person.how]})`;
  const said = [refusal?.message, refusal?.why, refusal?.hint].filter((text) => text !== undefined);
  return `nobody: ${said.join(' ')}`;
}

const groupText = ({ group, rules, refused }: Preview['groups'][number]): string =>
  `${group} (rule ${rules.join(', ')})${refused === undefined ? '' : `: not given, ${refused}`}`;

const namedText = ({ id, displayName, group }: NonNullable<Preview['namedById']>[number]): string =>
  `${id} is ${JSON.stringify(displayName)} in the directory, group/${group} here`;

function accessText({ grant, role, ...path }: Preview['access'][number]): string {
  const between = betweenText(path);
  return `${role} by grant/${grant}${between === '' ? '' : ` through ${between}`}`;
}

const claimText = ([name, value]: readonly [string, unknown]): string =>
  `${name}: ${JSON.stringify(value)}`;

const width = 14;

function factText([title, values]: Fact): string {
  const shown = values.length === 0 ? ['none'] : values;
  return shown
    .map(
      (value, at) => `${(at === 0 ? `${title}:` : '').padEnd(width)}${printable(oneLine(value))}\n`,
    )
    .join('');
}
