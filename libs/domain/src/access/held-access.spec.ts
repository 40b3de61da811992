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
import { heldAccess, nameInCluster, type Entrant } from './held-access.ts';

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

test('programs have names of their own beside those of people', () => {
  expect(nameInCluster(prod, { kind: 'user', name: 'deploy' })).toBe(`${prod.userPrefix}deploy`);
  expect(nameInCluster(prod, { kind: 'service', name: 'deploy' })).toBe(
    `${prod.userPrefix}service:deploy`,
  );
});
