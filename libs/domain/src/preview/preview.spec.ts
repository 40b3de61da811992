import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { removedTriples, type Intent } from '@ambit/rbac';
import { anyChange, denseObjects } from '../../test/arbitrary-commits.ts';
import { nodeDigests } from '../../test/node-digests.ts';
import { load, stateOf } from '../../test/policy-state.ts';
import {
  aCluster,
  aGrant,
  aGroup,
  aMember,
  aRole,
  aUser,
  gone,
  inNamespaces,
  on,
  put,
  to,
} from '../../test/policy-builders.ts';
import { Policy } from '../policy/policy.ts';
import { preview } from '../../test/preview.ts';

const [prod, staging] = [aCluster('prod'), aCluster('staging')];
const [view, edit] = [aRole('view'), aRole('edit')];
const [alice, bob, carl] = [aUser('alice'), aUser('bob'), aUser('carl')];
const devs = aGroup('devs');
const devsView = aGrant('devs-view', { subjects: to(devs), role: view });
const aliceEdit = aGrant('alice-edit', { subjects: to(alice), role: edit, clusters: on(prod) });
const objects = [prod, staging, view, edit, alice, bob, carl, devs, devsView, aliceEdit];
const world = () => load(...objects, aMember(devs, alice), aMember(devs, bob));

const effectIn = (policy: Policy, cluster: string, ...changes: Parameters<typeof put>) =>
  preview(policy, changes.map(put)).clusters.find((each) => each.cluster === cluster);

/** Intents of a cluster without the people that are denied there. */
function inForce(policy: Policy, clusterUid: string): Intent[] {
  const entries = [...policy.entries(clusterUid)];
  const denied = new Set(entries.flatMap((each) => (each.section === 'DENY' ? each.subject : [])));
  return entries.map((each) =>
    each.section === 'BINDING'
      ? { ...each, subjects: each.subjects.filter((subject) => !denied.has(subject)) }
      : each,
  );
}

describe('a dry run', () => {
  test('says who gains and who loses, cluster by cluster', () => {
    const policy = world();
    const extra = aGrant('carl-view', { subjects: to(carl, bob), role: view, clusters: on(prod) });
    expect(preview(policy, [put(extra), put(aMember(devs, carl)), gone(aliceEdit)])).toEqual({
      basedOnRevision: 1,
      clusters: [
        {
          clusterUid: prod.uid,
          cluster: 'prod',
          bindingsAdded: 1,
          bindingsRemoved: 1,
          gain: ['carl'],
          lose: ['alice'],
        },
        {
          clusterUid: staging.uid,
          cluster: 'staging',
          bindingsAdded: 1,
          bindingsRemoved: 0,
          gain: ['carl'],
          lose: [],
        },
      ],
    });
  });

  test('counts only what really goes: access kept by another grant is not lost', () => {
    const policy = world();
    const again = aGrant('again', { subjects: to(alice), role: edit, until: 5_000 });
    expect(effectIn(policy, 'prod', again)).toMatchObject({ bindingsAdded: 0, gain: [] });
    policy.apply({ revision: 2, changes: [put(again)] });
    expect(preview(policy, [gone(aliceEdit)]).clusters[0]).toMatchObject({
      bindingsRemoved: 0,
      lose: [],
    });
  });

  test('a deactivated person loses everything, once', () => {
    const policy = world();
    const off = { ...alice, active: false };
    expect(effectIn(policy, 'prod', off)).toMatchObject({ bindingsRemoved: 2, lose: ['alice'] });
    policy.apply({ revision: 2, changes: [put(off)] });
    expect(preview(policy, [gone(aliceEdit)]).clusters[0]).toMatchObject({ bindingsRemoved: 0 });
    expect(effectIn(policy, 'prod', alice)).toMatchObject({ bindingsAdded: 2, gain: ['alice'] });
  });

  test('a new prefix of names changes every object and takes nothing from anybody', () => {
    const effect = effectIn(world(), 'prod', { ...prod, userPrefix: 'sso:' });
    expect(effect).toMatchObject({ bindingsAdded: 0, bindingsRemoved: 0, gain: [], lose: [] });
  });

  test('another kind of credential names everybody anew and takes nothing from anybody', () => {
    const access = { credential: 'ServiceAccountToken', via: 'Webhook', ttl: '10m' } as const;
    const [before, after] = [world(), { ...prod, access }];
    const effect = effectIn(before, 'prod', after);
    expect(effect).toMatchObject({ bindingsAdded: 0, bindingsRemoved: 0, gain: [], lose: [] });
    before.apply({ revision: 2, changes: [put(after)] });
    expect(preview(before, [gone(aliceEdit)]).clusters[0]).toMatchObject({
      bindingsRemoved: 1,
      lose: ['alice'],
    });
    expect(effectIn(before, 'prod', prod)).toMatchObject({ gain: [], lose: [] });
  });

  test('one namespace less in a list is one binding less', () => {
    const policy = world();
    const listed = aGrant('l', {
      subjects: to(carl),
      role: edit,
      clusters: on(prod),
      namespaces: inNamespaces('a', 'b', 'c'),
    });
    expect(effectIn(policy, 'prod', listed)).toMatchObject({ bindingsAdded: 3 });
    policy.apply({ revision: 2, changes: [put(listed)] });
    const scope = { ...listed.scope, namespaces: inNamespaces('a', 'c') };
    expect(effectIn(policy, 'prod', { ...listed, scope })).toMatchObject({
      bindingsAdded: 0,
      bindingsRemoved: 1,
    });
  });

  test('equals what the agents would count, and leaves the policy as it was', () => {
    fc.assert(
      fc.property(
        denseObjects,
        fc.array(anyChange, { minLength: 1, maxLength: 8 }),
        (objectsBefore, changes) => {
          // A person whose name changes is another one to the agent and the same one to us.
          const kept = changes.filter(
            (change) => change.op === 'delete' || change.object.kind !== 'Cluster',
          );
          const policy = Policy.load(1, objectsBefore, nodeDigests);
          const state = stateOf(policy);
          const effect = preview(policy, kept);
          expect(stateOf(policy)).toEqual(state);
          const next = Policy.load(1, objectsBefore, nodeDigests);
          next.apply({ revision: 2, changes: kept });
          for (const each of effect.clusters) {
            const [was, is] = [inForce(policy, each.clusterUid), inForce(next, each.clusterUid)];
            expect(each.bindingsRemoved).toBe(removedTriples(was, is).removed);
            expect(each.bindingsAdded).toBe(removedTriples(is, was).removed);
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  test('names every cluster that would get a manifest', () => {
    fc.assert(
      fc.property(
        denseObjects,
        fc.array(anyChange, { minLength: 1, maxLength: 5 }),
        (before, changes) => {
          const policy = Policy.load(1, before, nodeDigests);
          const effect = preview(policy, changes);
          const touched = policy.apply({ revision: 2, changes });
          expect(effect.clusters.map(({ clusterUid }) => clusterUid).sort()).toEqual(
            [...touched.keys()].sort(),
          );
        },
      ),
    );
  });
});
