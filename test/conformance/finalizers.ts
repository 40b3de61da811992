import { beforeAll, expect, test } from '@jest/globals';
import { kubeResources } from '@ambit/kube';
import type { BindingObject } from '@ambit/rbac';
import { eventually } from '@ambit/testing';
import { keyOf, refusal, roleBinding, user } from './target.ts';
import type { Target } from './target.ts';

const { roleBindings } = kubeResources;

/** Objects that are deleted and held. */
export function finalizers({ admin, writer, namespace }: Target): void {
  let ns = '';
  beforeAll(async () => {
    ns = await namespace();
  });
  const patch = (object: BindingObject, metadata: object): Promise<BindingObject> =>
    writer.mergePatch<BindingObject>(roleBindings, keyOf(object), { metadata });
  const mayRead = async (name: string): Promise<boolean> =>
    (
      await admin.createSubjectAccessReview({
        user: name,
        resourceAttributes: { verb: 'get', resource: 'pods', namespace: ns },
      })
    ).allowed;

  test('a binding under deletion still grants while a finalizer holds it', async () => {
    const made = await writer.create(
      roleBindings,
      roleBinding(ns, 'held', { subjects: [user('held')] }),
    );
    await patch(made, { finalizers: ['example.com/hold'] });
    await eventually(async () => expect(await mayRead('held')).toBe(true));
    const { uid = '' } = made.metadata;
    const held = await writer.delete(roleBindings, keyOf(made), { uid });
    expect(held?.metadata).toMatchObject({ uid, finalizers: ['example.com/hold'] });
    expect(held?.metadata.deletionTimestamp).toBeDefined();
    expect(await mayRead('held')).toBe(true);
    const again = await writer.delete(roleBindings, keyOf(made), { uid });
    expect(again?.metadata.resourceVersion).toBe(held?.metadata.resourceVersion);
    await patch(made, { uid, finalizers: null });
    expect(await refusal(writer.get(roleBindings, keyOf(made)))).toMatchObject({ status: 404 });
    await eventually(async () => expect(await mayRead('held')).toBe(false));
  });

  test('taking finalizers off is exempt from the escalation check', async () => {
    const strong = roleBinding(ns, 'strong', { role: 'cluster-admin' });
    const made = await admin.create(roleBindings, strong);
    await patch(made, { finalizers: ['example.com/hold'] });
    expect(
      (await writer.delete(roleBindings, keyOf(made)))?.metadata.deletionTimestamp,
    ).toBeDefined();
    await patch(made, { finalizers: [] });
    expect(await refusal(writer.get(roleBindings, keyOf(made)))).toMatchObject({ status: 404 });
  });

  test('no finalizer is added to what is being deleted; one that is not qualified never', async () => {
    const made = await writer.create(roleBindings, roleBinding(ns, 'late'));
    const plain = await refusal(patch(made, { finalizers: ['plain'] }));
    expect(plain.causes[0]?.field).toBe('metadata.finalizers[0]');
    await patch(made, { finalizers: ['example.com/a'] });
    await writer.delete(roleBindings, keyOf(made));
    const refused = await refusal(patch(made, { finalizers: ['example.com/a', 'example.com/b'] }));
    expect(refused).toMatchObject({ status: 422 });
    expect(refused.message).toContain(
      'no new finalizers can be added if the object is being deleted',
    );
    await patch(made, { labels: { still: 'patched' } });
    await patch(made, { finalizers: null });
  });
}
