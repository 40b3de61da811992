import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { house } from '../planted/house-copy.ts';

/** A class that needs more others than this cannot be read alone. */
const most = 7;
const folder = 'apps/agent/src/reconcile';

/** A word in a comment is no use of anything. */
const read = (path: string): string =>
  readFileSync(join(house, path), 'utf8').replaceAll(/^ *(?:\/\/.*|\/\*\*[^]*?\*\/)\n/gm, '');
const sources = (pattern: string): string[] =>
  globSync(pattern, { cwd: house }).filter((path) => !path.endsWith('spec.ts'));

/** From the opening line to the brace that closes it, as the formatter writes it. */
const declarations = (text: string, kind: string): (readonly [string, string])[] =>
  Array.from(
    text.matchAll(
      new RegExp(`^(?:export )?(?:abstract )?${kind} (\\w+)[^{;]*\\{\\n([^]*?)^\\}`, 'gm'),
    ),
    ([, name = '', body = '']) => [name, body] as const,
  );

/** Something is done by it: a class, or an interface with a method. What only holds data is none. */
const acting = new Set<string>();
const bags = new Map<string, string>();
for (const path of sources('{apps,libs}/*/src/**/*.ts')) {
  const text = read(path);
  for (const [name] of declarations(text, 'class')) acting.add(name);
  for (const [name, body] of declarations(text, 'interface')) {
    if (/^ {2}(?:readonly )?\w+(?:<[^>]*>)?\??(?:\(|: \()/m.test(body)) acting.add(name);
    else if (path.startsWith(folder)) bags.set(name, body);
  }
}

const namesIn = (type: string): string[] => type.match(/\b[A-Z]\w*/g) ?? [];

/** What a type brings along: itself when it acts, of a bag of parts those that the class makes use of. */
function collaboratorsOf(type: string, used: string): string[] {
  return namesIn(type).flatMap((name) => {
    if (acting.has(name)) return [name];
    const bag = bags.get(name);
    if (bag === undefined) return [];
    const parts = Array.from(bag.matchAll(/^ {2}readonly (\w+)\??: (.+);$/gm));
    return parts.flatMap(([, part = '', inner = '']) =>
      new RegExp(`\\b${part}\\b`).test(used) ? namesIn(inner).filter((one) => acting.has(one)) : [],
    );
  });
}

function collaborators(name: string, body: string): string[] {
  const held = Array.from(body.matchAll(/^ {2}(?:readonly )?#?\w+\??: (.+?)(?: = .+)?;$/gm));
  const made = Array.from(body.matchAll(/^ {2}(?:readonly )?#?\w+ = new (\w+)/gm));
  const given = /^ {2}constructor\(([^]*?)\) \{$/m.exec(body)?.[1] ?? '';
  const types = [...held, ...made].map(([, type = '']) => type).concat(given);
  const found = new Set(types.flatMap((type) => collaboratorsOf(type, body)));
  found.delete(name);
  return [...found].sort();
}

const counted = sources(`${folder}/*.ts`).flatMap((path) =>
  declarations(read(path), 'class').map(
    ([name, body]) => [name, collaborators(name, body)] as const,
  ),
);

test('collaborators are found where they are given one by one and where they come in a bag', () => {
  const of = new Map(counted);
  expect(of.get('WriteJournal')).toEqual(
    expect.arrayContaining(['ApplyTracker', 'AuditRecorder', 'ClockInterval', 'WriteAnnouncer']),
  );
  expect(of.get('KnownObjects')).toEqual(expect.arrayContaining(['ObservedObjects']));
});

test(`no class of the reconciler has more than ${most} collaborators`, () => {
  expect(counted.length).toBeGreaterThan(20);
  const many = counted.filter(([, others]) => others.length > most);
  expect(many.map(([name, others]) => `${name}: ${others.join(', ')}`)).toEqual([]);
});
