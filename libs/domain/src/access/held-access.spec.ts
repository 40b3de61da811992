import { describe, expect, test } from '@jest/globals';
import { load } from '../../test/policy-state.ts';
import {
  aCluster,
  aGrant,
  aGroup,
  aMember,
  aRole,
  aUser,
  inNamespaces,
  on,
  to,
} from '../../test/policy-builders.ts';
import type { PolicyObject } from '../policy-objects.ts';
import { nodeDigests } from '../../test/node-digests.ts';
import { heldAccess, nameInCluster, principalInCluster, type Entrant } from './held-access.ts';

const [prod, staging] = [aCluster('prod'), aCluster('staging')];
const [view, edit] = [aRole('view'), aRole('edit')];
const [ada, bob] = [aUser('ada'), aUser('bob', { active: false })];
const devs = aGroup('devs');
const basics: PolicyObject[] = [
  ...[prod, staging, view, edit, ada, bob, devs],
  ...[aMember(devs, ada), aMember(devs, bob)],
];
const now = 10_000;

const entrant = ({ uid, name }: { uid: string; name: string }): Entrant => ({
  kind: 'user',
  uid,
  name,
});

const rolesOf = (who: Entrant, grants: PolicyObject[], cluster = prod): string[] =>
  heldAccess(load(...basics, ...grants), who, { clusterUid: cluster.uid, now }).map(
    ({ role }) => role,
  );

describe('what somebody holds in a cluster', () => {
  const direct = aGrant('direct', { subjects: to(ada), role: view, clusters: on(prod) });
  const group = aGrant('group', { subjects: to(devs), role: edit, clusters: on(prod) });

  test('is by grants that name them and their groups, there and nowhere else', () => {
    expect(rolesOf(entrant(ada), [direct, group]).sort()).toEqual(['edit', 'view']);
    expect(rolesOf(entrant(ada), [direct, group], staging)).toEqual([]);
    expect(rolesOf(entrant(ada), [])).toEqual([]);
  });

  test('is once by a grant that names them twice', () => {
    const both = aGrant('both', { subjects: to(ada, devs), role: view, clusters: on(prod) });
    expect(rolesOf(entrant(ada), [both])).toEqual(['view']);
  });

  test('is nothing for who is locked, or was removed and came back under the name', () => {
    expect(rolesOf(entrant(bob), [group])).toEqual([]);
    expect(rolesOf({ kind: 'user', uid: 'former', name: 'ada' }, [direct, group])).toEqual([]);
  });

  test('begins and ends with the grant, to the millisecond', () => {
    const timed = (parts: object): string[] =>
      rolesOf(entrant(ada), [{ ...direct, ...parts } as PolicyObject]);
    expect(timed({ notBefore: now + 1 })).toEqual([]);
    expect(timed({ notBefore: now })).toEqual(['view']);
    expect(timed({ until: now + 1 })).toEqual(['view']);
    expect(timed({ until: now })).toEqual([]);
  });

  test('says where', () => {
    const scoped = aGrant('scoped', {
      subjects: to(ada),
      role: view,
      clusters: on(prod),
      namespaces: inNamespaces('payments'),
    });
    const held = heldAccess(load(...basics, scoped), entrant(ada), { clusterUid: prod.uid, now });
    expect(held).toEqual([{ role: 'view', namespaces: inNamespaces('payments') }]);
  });
});

describe('the name in a cluster', () => {
  const person: Entrant = { kind: 'user', uid: 'uid-1', name: 'deploy' };
  const program: Entrant = { ...person, kind: 'service' };
  const access = { credential: 'ServiceAccountToken', via: 'Webhook', ttl: '10m' } as const;
  const managed = aCluster('managed', {}, { access });
  const nameIn = (cluster: typeof prod, who: Entrant): string =>
    nameInCluster(cluster, who, nodeDigests);

  test('programs have names of their own beside those of people', () => {
    expect(nameIn(prod, person)).toBe(`${prod.userPrefix}deploy`);
    expect(nameIn(prod, program)).toBe(`${prod.userPrefix}service:deploy`);
    expect(principalInCluster(managed, program)).toBe(`${prod.userPrefix}service:deploy`);
  });

  test('is a ServiceAccount where ServiceAccount tokens are handed out, another for each uid', () => {
    const [ours, other] = [nameIn(managed, person), nameIn(managed, { ...person, uid: 'uid-2' })];
    expect(ours).toMatch(/^system:serviceaccount:ambit-access:ambit-deploy-[a-z2-7]{16}$/);
    expect(other).toMatch(/^system:serviceaccount:ambit-access:ambit-deploy-[a-z2-7]{16}$/);
    expect(nameIn(managed, program)).toContain(':ambit-access:ambit-service-deploy-');
    expect(new Set([ours, other, nameIn(managed, program)]).size).toBe(3);
  });

  test('is the one that bindings give access to', () => {
    const grant = aGrant('direct', { subjects: to(ada), role: view, clusters: on(managed) });
    const policy = load(...basics, managed, grant);
    const entries = [...policy.entries(managed.uid)];
    const binding = entries.find(({ section }) => section === 'BINDING');
    if (binding?.section !== 'BINDING') throw new Error('there is no binding');
    expect(binding.subjectKind).toBe('ServiceAccounts');
    expect(nameIn(managed, entrant(ada))).toBe(
      `system:serviceaccount:ambit-access:${binding.subjects.join()}`,
    );
    expect(entries[0]).toMatchObject({ section: 'CONFIG', subjectMode: 'ServiceAccounts' });
  });
});
