import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { agentServices } from '@ambit/protocol';
import type { wire } from '@ambit/protocol';
import { objectKey } from '@ambit/rbac';
import type { BindingObject, RbacSubject, RoleObject } from '@ambit/rbac';
import { claimedOwner, isOfKubernetes } from './binding-owner.ts';
import { allUnmanaged, changedUnmanaged } from './unmanaged-messages.ts';
import { UnmanagedObjects, unmanagedLimits } from './unmanaged-objects.ts';

const apiGroup = 'rbac.authorization.k8s.io';
const apiVersion = `${apiGroup}/v1`;
const ann: RbacSubject = { kind: 'User', name: 'ann' };

function binding(name: string, more: Partial<BindingObject> = {}): BindingObject {
  return {
    apiVersion,
    kind: 'RoleBinding',
    metadata: { name, namespace: 'shop' },
    roleRef: { apiGroup, kind: 'Role', name: 'reader' },
    subjects: [ann],
    ...more,
  };
}
function role(name: string, verb = 'get'): RoleObject {
  const rules = [{ apiGroups: [''], resources: ['pods'], verbs: [verb] }];
  return { apiVersion, kind: 'Role', metadata: { name, namespace: 'shop' }, rules };
}
const keyOf = (name: string): string => objectKey('RoleBinding', 'shop', name);
const readerKey = objectKey('Role', 'shop', 'reader');

const isBefore = (a: string, b: string): boolean =>
  Buffer.compare(Buffer.from(a), Buffer.from(b)) < 0;
const isIn = ({ whole, after, through }: wire.UnmanagedPart, key: string): boolean =>
  whole && isBefore(after, key) && (through === '' || !isBefore(through, key));

/** What central holds after messages. */
class Told {
  readonly facts = new Map<string, unknown>();
  leftOut = 0;

  hear(messages: Iterable<wire.AgentMessage>): this {
    for (const message of messages) {
      const { inventory } = message as Extract<wire.AgentMessage, { message: 'inventory' }>;
      const bytes = agentServices.sync.Connect.requestSerialize(message);
      expect(bytes.length).toBeLessThanOrEqual(256 * 1024);
      this.#take(inventory);
    }
    return this;
  }

  #take({ unmanaged, unmanagedBindings, unmanagedRoles, removedUnmanaged }: wire.Inventory): void {
    if (unmanaged === null) throw new Error('nothing of it is told');
    this.leftOut = unmanaged.leftOut;
    for (const key of this.facts.keys()) if (isIn(unmanaged, key)) this.facts.delete(key);
    for (const key of removedUnmanaged) this.facts.delete(key);
    for (const fact of unmanagedBindings) {
      this.facts.set(objectKey(fact.kind, fact.namespace, fact.name), fact);
    }
    for (const fact of unmanagedRoles) {
      this.facts.set(objectKey('Role', fact.namespace, fact.name), fact);
    }
  }

  get keys(): string[] {
    return [...this.facts.keys()].sort();
  }
}

describe('what is not ours', () => {
  test('a role is told while a binding names it, whichever came first', () => {
    const objects = new UnmanagedObjects();
    const changes: string[] = [];
    objects.onChange((key) => changes.push(key));
    objects.putRole(role('reader'));
    objects.putRole(role('nobody'));
    expect(objects.keys()).toEqual([]);
    expect(changes).toEqual([]);
    objects.putBinding(binding('a'), 'others');
    objects.putBinding(binding('b'), 'others');
    expect(objects.keys()).toEqual([readerKey, keyOf('a'), keyOf('b')]);
    expect(changes).toEqual([readerKey, keyOf('a'), keyOf('b')]);
    changes.length = 0;
    objects.putBinding(binding('a'), 'others');
    objects.putRole(role('reader'));
    expect(changes).toEqual([]);
    objects.putRole(role('reader', 'list'));
    objects.removeBinding(keyOf('a'), 'others');
    expect(changes).toEqual([readerKey, keyOf('a')]);
    objects.removeBinding(keyOf('b'), 'others');
    expect(objects.keys()).toEqual([]);
  });

  test('what a watch says of an object that another watch tells of by now is old', () => {
    const objects = new UnmanagedObjects();
    objects.putBinding(binding('a'), 'others');
    objects.putBinding(binding('a'), 'ours');
    objects.removeBinding(keyOf('a'), 'others');
    expect(objects.keys()).toEqual([keyOf('a')]);
    objects.removeBinding(keyOf('a'), 'ours');
    expect(objects.keys()).toEqual([]);
  });

  test('what there is no room for is counted, and has its turn when somebody goes', () => {
    const objects = new UnmanagedObjects({ ...unmanagedLimits, RoleBinding: 2 });
    for (const name of ['a', 'b', 'c']) objects.putBinding(binding(name), 'others');
    const whole = binding('all', { kind: 'ClusterRoleBinding', metadata: { name: 'all' } });
    objects.putBinding(whole, 'others');
    expect([objects.size, objects.leftOut, [...objects.waiting()]]).toEqual([3, 1, []]);
    objects.removeBinding(keyOf('a'), 'others');
    expect([...objects.waiting()]).toEqual([keyOf('c')]);
    objects.putBinding(binding('c'), 'others');
    expect([objects.size, objects.leftOut]).toEqual([3, 0]);
  });

  test('text is bounded too, of bindings and of roles', () => {
    const objects = new UnmanagedObjects({ ...unmanagedLimits, text: 1_000 });
    for (let at = 0; at < 10; at++) objects.putBinding(binding(`b-${at}`), 'others');
    expect(objects.size).toBeGreaterThan(0);
    expect(objects.size + objects.leftOut).toBe(10);
    const rules = Array.from({ length: 20 }, () => role('x').rules?.[0] ?? { verbs: [] });
    objects.putRole({ ...role('reader'), rules });
    expect(objects.fact(readerKey)).toEqual({
      role: { namespace: 'shop', name: 'reader', rules: [], rulesLeftOut: true },
    });
  });

  test('thousands of subjects, and names that cannot be told, are counted and never cut', () => {
    const objects = new UnmanagedObjects();
    const users = Array.from({ length: 3_000 }, (_, at): RbacSubject => ({
      ...ann,
      name: `u${at}`,
    }));
    const subjects = [{ ...ann, name: 'x'.repeat(300) }, ...users];
    objects.putBinding(binding('many', { subjects }), 'others');
    objects.putBinding(binding('n'.repeat(300)), 'others');
    const fact = objects.fact(keyOf('many')) as { binding: wire.UnmanagedBindingFact };
    expect(fact.binding.subjects).toHaveLength(1_000);
    expect(fact.binding.moreSubjects).toBe(2_001);
    expect(objects.leftOut).toBe(1);
    objects.removeBinding(keyOf('n'.repeat(300)), 'others');
    expect(objects.leftOut).toBe(0);
  });

  test('central knows the same after all was told, and after each change, whatever it knew before', () => {
    const name = fc.constantFrom('a', 'b', 'ö', 'z', '\u{1f600}', '\uffee');
    const step = fc.record({ name, role: fc.constantFrom('reader', 'writer'), gone: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step), fc.array(step), fc.array(name), (before, after, stale) => {
        const objects = new UnmanagedObjects();
        objects.putRole(role('reader'));
        const changed = new Set<string>();
        objects.onChange((key) => changed.add(key));
        const take = (steps: typeof before): void =>
          steps.forEach(({ name: of, role: to, gone }) => {
            const roleRef = { apiGroup, kind: 'Role', name: to } as const;
            if (gone) objects.removeBinding(keyOf(of), 'others');
            else objects.putBinding(binding(of, { roleRef }), 'others');
          });
        take(before);
        const told = new Told();
        for (const of of stale) told.facts.set(keyOf(of), 'stale');
        told.hear(allUnmanaged(objects));
        const expected = (): unknown[] =>
          objects.keys().map((key) => Object.values(objects.fact(key) ?? {})[0]);
        const held = (): unknown[] => objects.keys().map((key) => told.facts.get(key));
        expect(told.keys).toEqual(objects.keys().sort());
        expect(held()).toEqual(expected());
        changed.clear();
        take(after);
        told.hear(changedUnmanaged(objects, [...changed]));
        expect(told.keys).toEqual(objects.keys().sort());
        expect(held()).toEqual(expected());
      }),
    );
  });

  test('ten thousand come in messages of at most 256 KiB, each of which replaces its own stretch', () => {
    const objects = new UnmanagedObjects();
    for (let at = 0; at < 10_000; at++) objects.putBinding(binding(`binding-${at}`), 'others');
    const messages = [...allUnmanaged(objects)];
    expect(messages.length).toBeGreaterThan(5);
    expect(new Told().hear(messages).facts.size).toBe(10_000);
    expect(changedUnmanaged(objects, []).next().done).toBe(true);
  });
});

describe('whose a binding is', () => {
  const meta = (labels: object, annotations: object = {}) =>
    ({ name: 'x', labels, annotations }) as BindingObject['metadata'];

  test.each([
    [meta({}), ''],
    [meta({ 'app.kubernetes.io/managed-by': 'terraform' }), 'terraform'],
    [
      meta(
        { 'app.kubernetes.io/managed-by': 'Helm' },
        { 'meta.helm.sh/release-name': 'api', 'meta.helm.sh/release-namespace': 'shop' },
      ),
      'Helm release shop/api',
    ],
    [
      meta({}, { 'argocd.argoproj.io/tracking-id': 'pay:rbac/RoleBinding:shop/x' }),
      'Argo CD application pay',
    ],
    [
      meta({
        'kustomize.toolkit.fluxcd.io/name': 'apps',
        'kustomize.toolkit.fluxcd.io/namespace': 'flux-system',
      }),
      'Flux Kustomization flux-system/apps',
    ],
  ])('%j: %s', (metadata, owner) => {
    expect(claimedOwner(metadata)).toBe(owner);
  });

  const group = (name: string): RbacSubject => ({ kind: 'Group', name });
  const own = (name: string, roleName: string, ...subjects: RbacSubject[]): BindingObject =>
    binding(name, {
      metadata: { name, labels: { 'kubernetes.io/bootstrapping': 'rbac-defaults' } },
      roleRef: { apiGroup, kind: 'ClusterRole', name: roleName },
      subjects,
    });

  test.each([
    [own('cluster-admin', 'cluster-admin', group('system:masters')), true],
    [own('system:discovery', 'system:discovery', group('system:authenticated')), true],
    [
      own('system:controller:x', 'system:controller:x', {
        kind: 'ServiceAccount',
        namespace: 'kube-system',
        name: 'x',
      }),
      true,
    ],
    // Its label says so, and everything else that it does not.
    [own('mine', 'cluster-admin', group('system:masters')), false],
    [own('cluster-admin', 'cluster-admin', group('devs')), false],
    [own('cluster-admin', 'cluster-admin', group('system:authenticated')), false],
    [own('cluster-admin', 'cluster-admin', { kind: 'User', name: 'system:anonymous' }), false],
    [
      own('cluster-admin', 'cluster-admin', {
        kind: 'User',
        name: 'system:serviceaccount:shop:api',
      }),
      false,
    ],
    [
      own('cluster-admin', 'cluster-admin', {
        kind: 'ServiceAccount',
        namespace: 'shop',
        name: 'x',
      }),
      false,
    ],
    [binding('cluster-admin'), false],
  ])('of Kubernetes itself: %#', (given, expected) => {
    expect(isOfKubernetes(given)).toBe(expected);
  });
});
