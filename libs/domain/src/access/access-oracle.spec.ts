import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  authorize,
  defaultCeiling,
  rbacSource,
  renderDesired,
  type BindingObject,
  type RbacObject,
} from '@ambit/rbac';
import { denseObjects } from '../../test/arbitrary-commits.ts';
import { nodeDigests } from '../../test/node-digests.ts';
import { Policy } from '../policy/policy.ts';
import type { AccessPath, AccessQuestion, ReportedFacts } from './access-answer.ts';
import { canI } from './can-i.ts';
import { explainAccess } from './explain-access.ts';
import { rolesHeld } from './roles-held.ts';
import { whoCan } from './who-can.ts';

const rulesOf = (...verbs: string[]) => [{ apiGroups: [''], resources: ['pods'], verbs }];
const facts: ReportedFacts = {
  clusterRoles: new Map([
    ['r0', rulesOf('get')],
    ['r1', rulesOf('get', 'delete')],
  ]),
  namespaces: new Map([
    ['a', { labels: { team: 'x' }, phase: 'Active' }],
    ['b', { labels: {}, phase: 'Active' }],
    ['guarded', { labels: { team: 'x' }, phase: 'Active' }],
  ]),
};
const ceilings = [true, false].map((clusterScope) => ({
  ...defaultCeiling,
  clusterScope,
  // r0 and r2 may not be bound by everybody's leave; r2 refers to r1 or to nothing.
  allowedClusterRoles: clusterScope ? ['r0', 'r1', 'r2'] : ['r1', 'r2'],
  customRoles: { rules: clusterScope ? rulesOf('get') : [] },
  protectedNamespaces: ['guarded'],
  subjectPrefixes: ['ambit:'],
}));
const question = fc.record({
  verb: fc.constantFrom('get', 'delete'),
  apiGroup: fc.constant(''),
  resource: fc.constant('pods'),
  subresource: fc.constantFrom('', '', '', 'log'),
  namespace: fc.constantFrom('a', 'b', 'guarded', 'nowhere', ''),
});

/** The objects the agent would write. */
function writtenIn(policy: Policy, clusterUid: string, now: number, facing: ReportedFacts) {
  return renderDesired({
    digests: nodeDigests,
    clusterUid,
    installationUid: 'installation',
    ceiling: facing.ceiling ?? defaultCeiling,
    clock: { low: now, high: now },
    intents: policy.entries(clusterUid),
    namespaces: Array.from(facing.namespaces, ([name, rest]) => ({ name, ...rest })),
    existingRoles: facing.clusterRoles.keys(),
  }).objects;
}

/** The same, and the cluster's own roles. */
function objectsIn(policy: Policy, clusterUid: string, now: number, facing: ReportedFacts) {
  const objects = writtenIn(policy, clusterUid, now, facing);
  const own = Array.from(facing.clusterRoles, ([name, rules]): RbacObject => ({
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name },
    rules,
  }));
  return rbacSource([...own, ...Array.from(objects.values(), ({ body }) => body)]);
}

const textsOf = (paths: readonly AccessPath[]): string[] =>
  paths.map((path) => JSON.stringify(path)).sort();

describe('access answers', () => {
  test('are those of an API server that holds what the agent renders', () => {
    let allowed = 0;
    fc.assert(
      fc.property(
        denseObjects,
        fc.array(question, { minLength: 1, maxLength: 5 }),
        fc.constantFrom(...ceilings),
        fc.constantFrom(500, 1000, 4999, 5000, 5500, 6000),
        (objects, questions, ceiling, now) => {
          const policy = Policy.load(1, objects, nodeDigests);
          const facing = { ...facts, ceiling };
          for (const cluster of policy.clusters()) {
            const source = objectsIn(policy, cluster.uid, now, facing);
            for (const parts of questions) {
              const asked: AccessQuestion = { ...parts, clusterUid: cluster.uid };
              const may = Array.from(policy.users())
                .filter(
                  ({ name }) =>
                    authorize(
                      { name: cluster.userPrefix + name },
                      { type: 'resource', ...parts },
                      source,
                    ).allowed,
                )
                .map(({ name }) => name)
                .sort();
              allowed += may.length;
              const inquiry = { policy, facts: facing, question: asked, now };
              const { holders } = whoCan(inquiry);
              expect(holders.map(({ user }) => user)).toEqual(may);
              for (const { name } of policy.users()) {
                const can = canI({ ...inquiry, user: name });
                expect([name, can.allowed]).toEqual([name, may.includes(name)]);
                const held = holders.find(({ user }) => user === name)?.paths ?? [];
                expect([name, textsOf(held)]).toEqual([
                  name,
                  textsOf(can.allowed ? can.paths : []),
                ]);
              }
            }
          }
        },
      ),
      { numRuns: 300 },
    );
    expect(allowed).toBeGreaterThan(100);
  });

  test('why, and who holds a role in a place, are those of the bindings that the agent renders there', () => {
    let holding = 0;
    fc.assert(
      fc.property(
        denseObjects,
        fc.constantFrom('a', 'b', 'guarded', 'nowhere', undefined),
        fc.constantFrom(...ceilings),
        fc.constantFrom(500, 1000, 4999, 5000, 5500, 6000),
        (objects, namespace, ceiling, now) => {
          const policy = Policy.load(1, objects, nodeDigests);
          const facing = { ...facts, ceiling };
          for (const cluster of policy.clusters()) {
            const place = {
              policy,
              facts: facing,
              clusterUid: cluster.uid,
              now,
              ...(namespace === undefined ? {} : { namespace }),
            };
            const bindings = Array.from(
              writtenIn(policy, cluster.uid, now, facing).values(),
              ({ body }) => body,
            ).filter(
              (body): body is BindingObject =>
                'roleRef' in body &&
                (namespace === undefined || (body.metadata.namespace ?? namespace) === namespace),
            );
            const bound = (name: string): boolean =>
              bindings.some(({ subjects }) =>
                subjects?.some((subject) => subject.name === cluster.userPrefix + name),
              );
            const held = rolesHeld(place);
            for (const user of policy.users()) {
              const { allowed, ways, refusals } = explainAccess(place, user);
              const told = held.find(({ userUid }) => userUid === user.uid);
              holding += allowed ? 1 : 0;
              expect([user.name, allowed]).toEqual([user.name, bound(user.name)]);
              expect([user.name, refusals.length > 0]).toEqual([user.name, !allowed]);
              const inForce = ways.filter(({ refusal }) => refusal === undefined);
              expect([user.name, textsOf(inForce.map(({ path }) => path))]).toEqual([
                user.name,
                textsOf((told?.ways ?? []).map(({ path }) => path)),
              ]);
            }
          }
        },
      ),
      { numRuns: 200 },
    );
    expect(holding).toBeGreaterThan(100);
  });
});
