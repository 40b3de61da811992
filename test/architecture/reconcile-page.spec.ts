import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { atRest, nextLife } from '@ambit/rbac';
import type { LifeEffect, LifeEvent, ObjectLife, RbacObject, Verdict, Write } from '@ambit/rbac';
import { SeededRandom } from '@ambit/testing';
import { house } from '../planted/house-copy.ts';

const page = readFileSync(join(house, 'apps/agent/src/reconcile/README.md'), 'utf8');

/** `FROM --> TO` of the diagram; what goes through the choice goes on to each of its ends. */
function drawnSteps(): Set<string> {
  const arrows = Array.from(page.matchAll(/^ {2}(\w+) --> (\w+)/gm), ([, from, to]) => [from, to]);
  const ends = arrows.filter(([from]) => from === 'compared').map(([, to]) => to);
  const steps = arrows.flatMap(([from, to]) =>
    to === 'compared' ? ends.map((end) => [from, end]) : [[from, to]],
  );
  const real = steps.filter(([from, to]) => from !== 'compared' && from !== to);
  return new Set(real.map(([from, to]) => `${from} --> ${to}`));
}

const key = 'RoleBinding/payments/a';
const body = { kind: 'RoleBinding', metadata: { name: 'a', namespace: 'payments' } } as RbacObject;
const create = { type: 'create', key, lane: 'P2', body } as Write;
const remove = {
  ...{ type: 'delete', key, lane: 'P0', uid: 'u', resourceVersion: '1' },
  ...{ finalizers: [], deleting: false },
} as Write;
const foreign = (watched: boolean, inTheWay: boolean): Verdict => ({
  type: 'foreign',
  object: { type: 'foreign', key, ownership: 'foreign', inTheWay },
  watched,
  about: 'somebody',
});
const verdicts: readonly Verdict[] = [
  { type: 'agrees', wanted: true },
  { type: 'agrees', wanted: false },
  { type: 'adopt', uid: 'u' },
  { type: 'quiet' },
  { type: 'onHold' },
  foreign(true, true),
  foreign(false, true),
  foreign(true, false),
  foreign(false, false),
  { type: 'write', operation: create, taking: undefined },
  { type: 'write', operation: remove, taking: remove },
];
const retry = { type: 'retry', message: 'later', slowDown: false, uncertain: false } as const;
const outcomes = [
  { type: 'done', object: body },
  { type: 'done' },
  { type: 'lookAgain', object: body },
  { type: 'condemned', object: body },
  { ...retry, reason: 'retrying' },
  { ...retry, reason: 'role_missing' },
  { type: 'refused', reason: 'kubernetes_refused', message: 'quota' },
  { type: 'refused', reason: 'namespace_missing', message: 'gone' },
] as const;

const oneOf = <T>(random: SeededRandom, all: readonly T[]): T => {
  const found = all[random.below(all.length)];
  if (found === undefined) throw new Error('nothing to choose from');
  return found;
};

/** An event that may come now: a turn only from the lane, an answer only to what was asked. */
function anyEvent(random: SeededRandom, asked: LifeEffect | undefined): LifeEvent {
  const verdict = oneOf(random, verdicts);
  if (asked?.type === 'send' && random.chance(0.6)) {
    const outcome = oneOf(random, outcomes);
    const differs = random.chance(0.3) ? 'subjects' : undefined;
    return { type: 'answered', write: { operation: asked.operation, outcome, differs } };
  }
  if (asked?.type === 'lookFor' && random.chance(0.6)) {
    return random.chance(0.3)
      ? { type: 'notFoundOut', message: 'no answer', removal: asked.removal }
      : { type: 'found', verdict, what: oneOf(random, ['changed', 'deleted']), by: undefined };
  }
  return oneOf<LifeEvent>(random, [
    { type: 'look', verdict },
    { type: 'wanted', verdict },
    { type: 'hurry', verdict },
    { type: 'cause', verdict, why: ['refused', 'contended', 'role'] },
    { type: 'changed', verdict, by: 'somebody' },
    { type: 'missed', verdict, suspect: random.chance(0.5) },
    { type: 'turn', verdict },
    { type: 'timer', verdict },
  ]);
}

/** Every step from one state to another that a life takes in very many events. */
function walked(): Set<string> {
  const random = new SeededRandom(1);
  const steps = new Set<string>();
  let life: ObjectLife = atRest;
  let asked: LifeEffect | undefined;
  for (let event = 0, at = 0; event < 200_000; event++, at += random.below(20_000)) {
    const happens = anyEvent(random, asked);
    const { state } = life;
    const step = nextLife(life, happens, { at, chance: 0.5 });
    asked =
      step.life.state === 'busy'
        ? (step.effects.find(({ type }) => type === 'send' || type === 'lookFor') ?? asked)
        : undefined;
    life = step.life;
    if (life.state !== state) steps.add(`${state} --> ${life.state}`);
  }
  return steps;
}

test('the states that the page draws are those a life goes through, step for step', () => {
  expect([...walked()].sort()).toEqual([...drawnSteps()].sort());
});

test('each scenario of the page is shown by a test that is there', () => {
  const rows = /^## What happens when[^]*?\n\n([^]*?)\n\n/m.exec(page)?.[1]?.split('\n').slice(2);
  const shown = Array.from(
    page.matchAll(/^- `([\w.-]+spec\.ts)`: _([^_]+)_$/gm),
    ([, file, title]) => ({
      file,
      title: title?.replaceAll(/\s+/g, ' ') ?? '',
    }),
  );
  expect(rows?.length).toBeGreaterThanOrEqual(10);
  expect(shown).toHaveLength(rows?.length ?? 0);
  const wrong = shown.filter(({ file, title }) => {
    const [path] = globSync(`{apps/agent/src/reconcile,libs/rbac/src/lifecycle}/${file}`, {
      cwd: house,
    });
    return path === undefined || !readFileSync(join(house, path), 'utf8').includes(`'${title}'`);
  });
  expect(wrong).toEqual([]);
});
