import { beforeAll, expect, test } from '@jest/globals';
import { kubeResources } from '@ambit/kube';
import type { AccessReviewSpec } from '@ambit/kube';
import { authorize, rbacSource } from '@ambit/rbac';
import type { RbacObject, RequestAttributes } from '@ambit/rbac';
import { eventually } from '@ambit/testing';
import { randomPolicy } from './random-policy.ts';
import { clusterRole, clusterRoleBinding, refusal, roleBinding, user } from './target.ts';
import type { Target } from './target.ts';

const { clusterRoleBindings, clusterRoles, roleBindings } = kubeResources;

/** What the authoriser answers, and that our evaluator answers the same. */
export function accessReviews({ admin, writer, namespace }: Target): void {
  let ns = '';
  beforeAll(async () => {
    ns = await namespace();
  });
  const ask = async (spec: AccessReviewSpec): Promise<boolean> =>
    (await admin.createSubjectAccessReview(spec)).allowed;
  const pods = (
    verb: string,
    more: object = {},
  ): { verb: string; resource: string; namespace: string } => ({
    verb,
    resource: 'pods',
    namespace: ns,
    ...more,
  });

  test('an answer names the binding that allows', async () => {
    await writer.create(roleBindings, roleBinding(ns, 'viewer'));
    const spec = { user: 'ambit:viewer', resourceAttributes: pods('get') };
    await eventually(async () =>
      expect(await admin.createSubjectAccessReview(spec)).toMatchObject({
        allowed: true,
        reason: `RBAC: allowed by RoleBinding "viewer/${ns}" of ClusterRole "view" to User "ambit:viewer"`,
      }),
    );
    expect(await ask({ ...spec, resourceAttributes: pods('get', { namespace: 'default' }) })).toBe(
      false,
    );
    expect(await ask({ ...spec, resourceAttributes: pods('delete') })).toBe(false);
  });

  test('exactly the groups that are named count', async () => {
    const resourceAttributes = {
      verb: 'create',
      group: 'authorization.k8s.io',
      resource: 'selfsubjectaccessreviews',
    };
    expect(await ask({ user: 'x', resourceAttributes })).toBe(false);
    expect(await ask({ user: 'x', groups: ['system:authenticated'], resourceAttributes })).toBe(
      true,
    );
    expect(
      await ask({ user: 'x', groups: ['system:masters'], resourceAttributes: pods('get') }),
    ).toBe(true);
  });

  test('case 33: a right to a resource is none to its subresources', async () => {
    const rules = [{ apiGroups: [''], resources: ['pods'], verbs: ['*'] }];
    await admin.create(clusterRoles, clusterRole('pods-only', rules));
    const subjects = [user('pods-only')];
    await admin.create(clusterRoleBindings, clusterRoleBinding('pods-only', 'pods-only', subjects));
    await eventually(async () =>
      expect(await ask({ user: 'pods-only', resourceAttributes: pods('get') })).toBe(true),
    );
    for (const subresource of ['proxy', 'exec', 'log', 'status']) {
      expect(
        await ask({ user: 'pods-only', resourceAttributes: pods('get', { subresource }) }),
      ).toBe(false);
    }
    expect(
      await ask({
        user: 'pods-only',
        resourceAttributes: { verb: 'get', resource: 'nodes', subresource: 'proxy' },
      }),
    ).toBe(false);
  });

  test('a user named like a ServiceAccount is that ServiceAccount', async () => {
    const name = `system:serviceaccount:${ns}:robot`;
    await writer.create(roleBindings, roleBinding(ns, 'robot-as-user', { subjects: [user(name)] }));
    await eventually(async () =>
      expect(await ask({ user: name, resourceAttributes: pods('get') })).toBe(true),
    );
  });

  test('case 25: a Role and a ClusterRole of one name are two', async () => {
    const rules = (verb: string) => [{ apiGroups: [''], resources: ['pods'], verbs: [verb] }];
    await admin.create(clusterRoles, clusterRole('same', rules('list')));
    const metadata = { namespace: ns, name: 'same' };
    await admin.create(kubeResources.roles, {
      ...clusterRole('same', rules('get')),
      kind: 'Role' as const,
      metadata,
    });
    const subjects = [user('of-role')];
    await admin.create(
      roleBindings,
      roleBinding(ns, 'of-role', { role: 'same', roleKind: 'Role', subjects }),
    );
    await eventually(async () =>
      expect(await ask({ user: 'of-role', resourceAttributes: pods('get') })).toBe(true),
    );
    expect(await ask({ user: 'of-role', resourceAttributes: pods('list') })).toBe(false);
  });

  test('a missing role is named', async () => {
    await admin.create(roleBindings, roleBinding(ns, 'dangling', { role: 'not-there' }));
    const spec = { user: 'ambit:dangling', resourceAttributes: pods('get') };
    await eventually(async () =>
      expect(await admin.createSubjectAccessReview(spec)).toEqual({
        allowed: false,
        reason: 'RBAC: clusterrole.rbac.authorization.k8s.io "not-there" not found',
      }),
    );
  });

  test('a question without subject or with two sorts of attributes: 422', async () => {
    expect((await refusal(ask({ resourceAttributes: pods('get') }))).causes).toMatchObject([
      { field: 'spec.user' },
    ]);
    const both = {
      user: 'x',
      resourceAttributes: pods('get'),
      nonResourceAttributes: { path: '/', verb: 'get' },
    };
    expect(await refusal(ask(both))).toMatchObject({ status: 422 });
    expect(await refusal(ask({ user: 'x' }))).toMatchObject({ status: 422 });
  });

  test('asking about others needs the right to, asking about oneself does not', async () => {
    const spec = { resourceAttributes: pods('get') };
    expect(await refusal(writer.createSubjectAccessReview({ ...spec, user: 'x' }))).toMatchObject({
      status: 403,
    });
    expect(await writer.createSelfSubjectAccessReview(spec)).toMatchObject({ allowed: false });
    const own = {
      resourceAttributes: {
        verb: 'bind',
        group: 'rbac.authorization.k8s.io',
        resource: 'clusterroles',
        name: 'view',
      },
    };
    expect(await writer.createSelfSubjectAccessReview(own)).toMatchObject({ allowed: true });
  });

  test('our evaluator answers 400 random questions about a random policy like the API server', async () => {
    const { objects, questions } = randomPolicy(20261123, ns, await namespace());
    for (const object of objects) await createAny(object);
    const source = rbacSource(objects);
    const last = questions.at(-1);
    if (last === undefined) throw new Error('no questions');
    // The authoriser reads from a cache that follows within milliseconds: the object made last is awaited.
    await eventually(async () => expect(await askPlain(last.user, last.request)).toBe(true));
    const different: unknown[] = [];
    for (const { user: asked, request } of questions) {
      const expected = authorize(asked, request, source).allowed;
      if ((await askPlain(asked, request)) !== expected)
        different.push({ asked, request, expected });
    }
    expect(different).toEqual([]);
    const allowed = questions.filter(
      ({ user: who, request }) => authorize(who, request, source).allowed,
    );
    expect(allowed.length).toBeGreaterThan(40);
    expect(allowed.length).toBeLessThan(360);
  });

  async function createAny(object: RbacObject): Promise<void> {
    const resource = Object.values(kubeResources).find(({ kind }) => kind === object.kind);
    if (resource !== undefined) await admin.create(resource, object);
  }

  function askPlain(
    who: { readonly name: string; readonly groups?: readonly string[] },
    request: RequestAttributes,
  ): Promise<boolean> {
    const subject = { user: who.name, groups: who.groups ?? [] };
    if (request.type === 'url') {
      return ask({ ...subject, nonResourceAttributes: { path: request.path, verb: request.verb } });
    }
    const { type: _type, apiGroup, ...rest } = request;
    return ask({ ...subject, resourceAttributes: { ...rest, group: apiGroup } });
  }
}
