import { beforeAll, expect, test } from '@jest/globals';
import { kubeResources } from '@ambit/kube';
import { rbacApiGroup } from '@ambit/rbac';
import type { BindingObject, RoleObject } from '@ambit/rbac';
import { eventually } from '@ambit/testing';
import { clientFor } from './client-for.ts';
import { rawCalls } from './raw-call.ts';
import type { RawCall } from './raw-call.ts';
import { clusterRole, clusterRoleBinding, keyOf, refusal, roleBinding, user } from './target.ts';
import type { Target } from './target.ts';

const { clusterRoleBindings, clusterRoles, roleBindings, roles } = kubeResources;
const podReader = { apiGroups: [''], resources: ['pods'], verbs: ['get', 'list'] };

/** Who may write which role and binding: the escalation check on every path to a write. */
export function rbacWrites({ admin, writer, writerKubeconfig, cluster, namespace }: Target): void {
  let ns = '';
  let raw: RawCall;
  beforeAll(async () => {
    ns = await namespace();
    raw = await rawCalls(writerKubeconfig);
  });

  async function settledRole(name: string): Promise<RoleObject> {
    return eventually(async () => {
      const role = await admin.get<RoleObject>(clusterRoles, { name });
      if ((role.rules?.length ?? 0) === 0) throw new Error(`${name} has no rules yet`);
      return role;
    });
  }

  test('a binding to a role with bind is created, in a namespace and over the cluster', async () => {
    const created = await writer.create(roleBindings, roleBinding(ns, 'bound'));
    expect(created).toMatchObject({ roleRef: { name: 'view' }, subjects: [user('ambit:bound')] });
    const everywhere = clusterRoleBinding('bound-everywhere', 'edit', [user('ambit:e')]);
    await writer.create(clusterRoleBindings, everywhere);
  });

  test('bind reaches a role that does not exist yet', async () => {
    const rules = [
      {
        apiGroups: [rbacApiGroup],
        resources: ['clusterroles'],
        resourceNames: ['later'],
        verbs: ['bind'],
      },
    ];
    await admin.create(clusterRoles, clusterRole('may-bind-later', rules));
    await admin.create(
      clusterRoleBindings,
      clusterRoleBinding('may-bind-later', 'may-bind-later', [user('ambit-agent')]),
    );
    await eventually(() =>
      writer.create(roleBindings, roleBinding(ns, 'dangling', { role: 'later' })),
    );
  });

  test('case 36: a binding to a role without bind is refused with the missing rules, and 404 without the role', async () => {
    await settledRole('admin');
    const refused = await refusal(
      writer.create(roleBindings, roleBinding(ns, 'adm', { role: 'admin' })),
    );
    expect(refused).toMatchObject({ status: 403, reason: 'Forbidden', escalation: true });
    expect(refused.message).toContain('user "ambit-agent" (groups=["system:authenticated"])');
    expect(refused.message).toContain(
      '{APIGroups:[""], Resources:["bindings"], Verbs:["get" "list" "watch"]}',
    );
    expect(refused.message.length).toBeLessThan(1_100);
    const absent = await refusal(
      writer.create(roleBindings, roleBinding(ns, 'none', { role: 'nowhere' })),
    );
    expect(absent).toMatchObject({ status: 404, reason: 'NotFound', details: { name: 'nowhere' } });
  });

  test('every update of a binding without bind is refused, taking subjects away too', async () => {
    await settledRole('admin');
    const subjects = [user('ambit:a'), user('ambit:b')];
    const made = await admin.create(
      roleBindings,
      roleBinding(ns, 'theirs', { role: 'admin', subjects }),
    );
    const patches = [
      { subjects: [...subjects, user('ambit:c')] },
      { subjects: [user('ambit:a')] },
      { metadata: { labels: { x: 'y' } } },
      { metadata: { annotations: { x: 'y' } } },
    ];
    for (const patch of patches) {
      const refused = await refusal(writer.mergePatch(roleBindings, keyOf(made), patch));
      expect(refused).toMatchObject({ status: 403, escalation: true });
    }
  });

  test('an update that changes nothing, or finalizers only, is exempt', async () => {
    const made = await admin.create(roleBindings, roleBinding(ns, 'exempt', { role: 'admin' }));
    const path = `/apis/rbac.authorization.k8s.io/v1/namespaces/${ns}/rolebindings/exempt`;
    const same = await raw('PUT', path, made);
    expect(same.status).toBe(200);
    expect(same.body.metadata?.resourceVersion).toBe(made.metadata.resourceVersion);
    const held = await writer.mergePatch(roleBindings, keyOf(made), {
      metadata: { finalizers: ['example.com/hold'] },
    });
    expect(held.metadata.finalizers).toEqual(['example.com/hold']);
    await writer.mergePatch(roleBindings, keyOf(made), { metadata: { finalizers: null } });
  });

  test('a made-up owner has the garbage collector take the binding', async () => {
    const made = await admin.create(roleBindings, roleBinding(ns, 'orphan', { role: 'admin' }));
    const owner = {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      name: 'never',
      uid: '6f9619ff-8b86-4d01-b42d-00cf4fc964ff',
    };
    await writer.mergePatch(roleBindings, keyOf(made), { metadata: { ownerReferences: [owner] } });
    await eventually(
      async () =>
        expect(await refusal(admin.get(roleBindings, keyOf(made)))).toMatchObject({ status: 404 }),
      { what: 'the collection' },
    );
  });

  test('deletes are never checked for escalation', async () => {
    const binding = await admin.create(
      roleBindings,
      roleBinding(ns, 'deletable', { role: 'cluster-admin' }),
    );
    expect(await writer.delete(roleBindings, keyOf(binding))).toBeUndefined();
    const role = await admin.create(clusterRoles, clusterRole('deletable', [podReader]));
    expect(await writer.delete(clusterRoles, keyOf(role))).toBeUndefined();
  });

  test('bind given in one namespace holds in that namespace only', async () => {
    const other = await namespace();
    const verbs = ['create', 'bind'];
    const rules = [
      {
        apiGroups: [rbacApiGroup],
        resources: ['rolebindings', 'clusterroles', 'clusterrolebindings'],
        verbs,
      },
    ];
    await admin.create(clusterRoles, clusterRole('local-binder', rules));
    const subjects = [user('local')];
    await admin.create(
      roleBindings,
      roleBinding(ns, 'local-binder', { role: 'local-binder', subjects }),
    );
    const creator = [
      {
        apiGroups: [rbacApiGroup],
        resources: ['rolebindings', 'clusterrolebindings'],
        verbs: ['create'],
      },
    ];
    await admin.create(clusterRoles, clusterRole('creator', creator));
    await admin.create(clusterRoleBindings, clusterRoleBinding('creator', 'creator', subjects));
    const local = await clientFor(await cluster.kubeconfigFor({ user: 'local' }));
    try {
      await eventually(() => local.create(roleBindings, roleBinding(ns, 'by-local')));
      const elsewhere = await refusal(local.create(roleBindings, roleBinding(other, 'by-local')));
      expect(elsewhere).toMatchObject({ status: 403, escalation: true });
      const everywhere = clusterRoleBinding('by-local', 'view', [user('x')]);
      expect(await refusal(local.create(clusterRoleBindings, everywhere))).toMatchObject({
        status: 403,
      });
    } finally {
      local.close();
    }
  });

  test('a role with rules not held is refused, also a narrower one and its labels; emptying and deleting pass', async () => {
    expect(
      await refusal(writer.create(clusterRoles, clusterRole('wide', [podReader]))),
    ).toMatchObject({
      status: 403,
      escalation: true,
    });
    const made = await admin.create(clusterRoles, clusterRole('theirs', [podReader]));
    for (const patch of [
      { rules: [{ ...podReader, verbs: ['get'] }] },
      { metadata: { labels: { x: 'y' } } },
    ]) {
      expect(await refusal(writer.mergePatch(clusterRoles, keyOf(made), patch))).toMatchObject({
        status: 403,
      });
    }
    const emptied = await writer.mergePatch<RoleObject>(clusterRoles, keyOf(made), { rules: [] });
    expect(emptied.rules ?? []).toEqual([]);
    expect(await writer.delete(clusterRoles, keyOf(made))).toBeUndefined();
  });

  test('rules that are held may be written', async () => {
    const rules = [
      { apiGroups: ['held.example.com'], resources: ['things'], verbs: ['get', 'list'] },
    ];
    await admin.create(clusterRoles, clusterRole('ceiling', rules));
    await admin.create(
      clusterRoleBindings,
      clusterRoleBinding('ceiling', 'ceiling', [user('ambit-agent')]),
    );
    const narrower = [{ ...rules[0], verbs: ['get'] }] as RoleObject['rules'];
    await eventually(() => writer.create(clusterRoles, clusterRole('of-ours', narrower ?? [])));
    const namespaced = {
      ...clusterRole('of-ours', narrower ?? []),
      kind: 'Role' as const,
      metadata: { namespace: ns, name: 'of-ours' },
    };
    await writer.create(roles, namespaced);
  });

  test('case 59: aggregation is for cluster admins, and fills the role', async () => {
    const aggregationRule = {
      clusterRoleSelectors: [{ matchLabels: { 'example.com/add': 'true' } }],
    };
    const refused = await refusal(
      writer.create(clusterRoles, clusterRole('sum', [], { aggregationRule })),
    );
    expect(refused).toMatchObject({ status: 403 });
    expect(refused.message).toContain(
      'must have cluster-admin privileges to use the aggregationRule',
    );
    await admin.create(clusterRoles, clusterRole('sum', [], { aggregationRule }));
    const labels = { 'example.com/add': 'true' };
    await admin.create(clusterRoles, clusterRole('part', [podReader], { labels }));
    expect((await settledRole('sum')).rules).toEqual([podReader]);
    expect(
      await refusal(
        writer.mergePatch(clusterRoles, { name: 'sum' }, { metadata: { labels: { x: 'y' } } }),
      ),
    ).toMatchObject({ status: 403 });
    await admin.delete(clusterRoles, { name: 'part' });
    await eventually(async () => {
      const role = await admin.get<RoleObject>(clusterRoles, { name: 'sum' });
      expect(role.rules ?? []).toEqual([]);
    });
  });

  test('the built-in roles are there and aggregated', async () => {
    const view = await settledRole('view');
    const source = await admin.get<RoleObject>(clusterRoles, { name: 'system:aggregate-to-view' });
    expect(view.rules).toEqual(source.rules);
    const edit = await settledRole('edit');
    expect(JSON.stringify(edit.rules)).toContain('pods/exec');
    expect(JSON.stringify((await settledRole('admin')).rules)).toContain('rolebindings');
  });

  test('case 23: roleRef cannot be changed, and a bind that lacks comes first', async () => {
    const made = await writer.create(roleBindings, roleBinding(ns, 'fixed'));
    const immutable = await refusal(
      writer.mergePatch(roleBindings, keyOf(made), { roleRef: { name: 'edit' } }),
    );
    expect(immutable).toMatchObject({
      status: 422,
      reason: 'Invalid',
      causes: [{ field: 'roleRef' }],
    });
    expect(immutable.message).toContain('cannot change roleRef');
    const first = await refusal(
      writer.mergePatch(roleBindings, keyOf(made), { roleRef: { name: 'admin' } }),
    );
    expect(first).toMatchObject({ status: 403, escalation: true });
  });

  test('no subject is guarded: system names, duplicates and none are accepted', async () => {
    const group = { kind: 'Group' as const, apiGroup: rbacApiGroup, name: 'system:masters' };
    const subjects = [group, user('system:anonymous'), user('twice'), user('twice')];
    const made = await writer.create<BindingObject>(
      roleBindings,
      roleBinding(ns, 'unguarded', { subjects }),
    );
    expect(made.subjects).toEqual(subjects);
    const none = await writer.create<BindingObject>(
      roleBindings,
      roleBinding(ns, 'nobody', { subjects: [] }),
    );
    expect(none.subjects ?? []).toEqual([]);
  });

  test('what is no binding or role is refused with the field', async () => {
    const bad = async (object: BindingObject): Promise<unknown> =>
      (await refusal(admin.create(roleBindings, object))).causes.map((cause) => [
        cause.reason,
        cause.field,
      ]);
    const good = roleBinding(ns, 'bad');
    expect(await bad({ ...good, roleRef: { ...good.roleRef, kind: 'Bar' as 'Role' } })).toEqual([
      ['FieldValueNotSupported', 'roleRef.kind'],
    ]);
    expect(await bad({ ...good, roleRef: { ...good.roleRef, name: '' } })).toEqual([
      ['FieldValueRequired', 'roleRef.name'],
    ]);
    expect(await bad({ ...good, subjects: [{ ...user(''), name: '' }] })).toEqual([
      ['FieldValueRequired', 'subjects[0].name'],
    ]);
    expect(await bad({ ...good, subjects: [{ ...user('x'), kind: 'Foo' as 'User' }] })).toEqual([
      ['FieldValueNotSupported', 'subjects[0].kind'],
    ]);
    expect(await bad({ ...good, metadata: { ...good.metadata, name: 'a%b' } })).toEqual([
      ['FieldValueInvalid', 'metadata.name'],
    ]);
    expect(await bad({ ...good, metadata: { ...good.metadata, labels: { 'a b': 'c' } } })).toEqual([
      ['FieldValueInvalid', 'metadata.labels'],
    ]);
    const rules = [
      { apiGroups: [''], resources: ['pods'], verbs: [] },
      { resources: ['pods'], verbs: ['get'] },
    ];
    const role = await refusal(admin.create(clusterRoles, clusterRole('bad', rules)));
    expect(role.causes.map((cause) => cause.field)).toEqual([
      'rules[0].verbs',
      'rules[1].apiGroups',
    ]);
    const toRole = {
      ...clusterRoleBinding('bad', 'x', []),
      roleRef: { apiGroup: rbacApiGroup, kind: 'Role' as const, name: 'x' },
    };
    expect((await refusal(admin.create(clusterRoleBindings, toRole))).causes[0]?.field).toBe(
      'roleRef.kind',
    );
  });

  test('case b20: an API group that is left out is filled in, not taken for the core group', async () => {
    const sparse = {
      ...roleBinding(ns, 'sparse'),
      subjects: [{ kind: 'User' as const, name: 'x' }],
    };
    const made = await writer.create<BindingObject>(roleBindings, sparse);
    expect(made.subjects).toEqual([user('x')]);
  });

  test('names are path segments: spaces and any script are legal', async () => {
    const made = await writer.create(roleBindings, roleBinding(ns, 'größe a b 名前'));
    expect((await writer.get(roleBindings, keyOf(made))).metadata.uid).toBe(made.metadata.uid);
    await writer.delete(roleBindings, keyOf(made));
  });

  test('a dry run checks everything and stores nothing', async () => {
    const dryRun = true;
    const object = roleBinding(ns, 'dry');
    expect((await writer.create(roleBindings, object, { dryRun })).metadata.uid).toBeDefined();
    expect(await refusal(writer.get(roleBindings, keyOf(object)))).toMatchObject({ status: 404 });
    expect(
      await refusal(
        writer.create(roleBindings, roleBinding(ns, 'dry', { role: 'admin' }), { dryRun }),
      ),
    ).toMatchObject({ status: 403 });
    const made = await writer.create(roleBindings, object);
    await writer.delete(roleBindings, keyOf(made), { dryRun });
    await writer.mergePatch(
      roleBindings,
      keyOf(made),
      { metadata: { labels: { dry: 'run' } } },
      { dryRun },
    );
    const found = await writer.get(roleBindings, keyOf(object));
    expect(found.metadata.resourceVersion).toBe(made.metadata.resourceVersion);
  });

  test('20,000 subjects fit, 25,000 are too large for etcd and 40,000 for a request', async () => {
    const many = (count: number): BindingObject => {
      const subjects = Array.from({ length: count }, (_, index) =>
        user(`ambit:${String(index).padStart(19, '0')}`),
      );
      return roleBinding(ns, `many-${count}`, { subjects });
    };
    const made = await writer.create(roleBindings, many(20_000));
    await writer.delete(roleBindings, keyOf(made));
    const etcd = await refusal(writer.create(roleBindings, many(25_000)));
    expect(etcd).toMatchObject({ status: 500, tooLarge: true, retryable: false });
    const request = await refusal(writer.create(roleBindings, many(40_000)));
    expect(request).toMatchObject({ status: 413, tooLarge: true });
  });
}
