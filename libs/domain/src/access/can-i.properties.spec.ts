import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { defaultCeiling } from '@ambit/rbac';
import { denseObjects } from '../../test/arbitrary-commits.ts';
import { nodeDigests } from '../../test/node-digests.ts';
import { Policy } from '../policy/policy.ts';
import type { ReportedFacts } from './access-answer.ts';
import { canI } from './can-i.ts';

const rulesOf = (...verbs: string[]) => [{ apiGroups: [''], resources: ['pods'], verbs }];
const facts: ReportedFacts = {
  clusterRoles: new Map([
    ['r0', rulesOf('get')],
    ['r1', rulesOf('get', 'delete')],
  ]),
  namespaces: new Map([
    ['a', { labels: { team: 'x' }, phase: 'Active' }],
    ['guarded', { labels: { team: 'x' }, phase: 'Active' }],
  ]),
  ceiling: {
    ...defaultCeiling,
    allowedClusterRoles: ['r0', 'r1', 'r2'],
    protectedNamespaces: ['guarded'],
    subjectPrefixes: ['ambit:'],
  },
};
const question = fc.record({
  verb: fc.constantFrom('get', 'delete'),
  apiGroup: fc.constant(''),
  resource: fc.constant('pods'),
  namespace: fc.constantFrom('a', 'guarded', 'nowhere', ''),
});

test('who asks for the nearest refusal alone gets the first of all, and the same yes', () => {
  const reasons = new Set<string>();
  let allowed = 0;
  fc.assert(
    fc.property(
      denseObjects,
      question,
      fc.constantFrom(facts, { clusterRoles: new Map(), namespaces: new Map() }),
      fc.constantFrom(500, 1000, 5000, 6000),
      (objects, parts, told, now) => {
        const policy = Policy.load(1, objects, nodeDigests);
        const people = [...Array.from(policy.users(), ({ name }) => name), 'nobody'];
        for (const { uid: clusterUid } of policy.clusters()) {
          for (const user of people) {
            const asked = { policy, facts: told, question: { ...parts, clusterUid }, now, user };
            const all = canI(asked);
            const nearest = canI({ ...asked, nearestOnly: true });
            if (all.allowed) {
              allowed++;
              expect(nearest).toEqual(all);
            } else {
              reasons.add(all.refusals[0]?.reason ?? '');
              expect(nearest).toEqual({ ...all, refusals: all.refusals.slice(0, 1) });
            }
          }
        }
      },
    ),
    { numRuns: 300 },
  );
  expect(allowed).toBeGreaterThan(30);
  expect(reasons.size).toBeGreaterThan(5);
});
