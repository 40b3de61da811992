import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { kubeResources } from '@ambit/kube';
import type { BindingObject } from '@ambit/rbac';
import { rawCalls } from './raw-call.ts';
import type { RawAnswer, RawCall } from './raw-call.ts';
import { keyOf, refusal, roleBinding } from './target.ts';
import type { Target } from './target.ts';

const { roleBindings } = kubeResources;
const modified = 'the object has been modified';

/** What a uid or a resourceVersion in a write does, on an object that is there and on one that is gone. */
export function preconditions({ writer, writerKubeconfig, namespace }: Target): void {
  let ns = '';
  let raw: RawCall;
  let made: BindingObject;
  let count = 0;
  beforeAll(async () => {
    ns = await namespace();
    raw = await rawCalls(writerKubeconfig);
  });
  beforeEach(async () => {
    count += 1;
    made = await writer.create(roleBindings, roleBinding(ns, `object-${count}`));
  });
  const gone = (): BindingObject => roleBinding(ns, `gone-${count}`);
  const withMeta = (object: BindingObject, meta: object): BindingObject => ({
    ...object,
    metadata: { ...object.metadata, ...meta },
  });
  const path = (object: BindingObject): string =>
    `/apis/rbac.authorization.k8s.io/v1/namespaces/${ns}/rolebindings/${object.metadata.name}`;

  describe('merge patch', () => {
    const patch = (object: BindingObject, metadata: object): Promise<BindingObject> =>
      writer.mergePatch<BindingObject>(roleBindings, keyOf(object), { metadata });

    test('wrong uid: 422, the field is immutable', async () => {
      const refused = await refusal(patch(made, { uid: 'x' }));
      expect(refused).toMatchObject({ status: 422, reason: 'Invalid' });
      expect(refused.message).toContain('metadata.uid: Invalid value: "x": field is immutable');
    });

    test('case 61: wrong resourceVersion: 409, also beside a wrong uid', async () => {
      for (const metadata of [{ resourceVersion: '1' }, { resourceVersion: '1', uid: 'x' }]) {
        const refused = await refusal(patch(made, metadata));
        expect(refused).toMatchObject({ status: 409, reason: 'Conflict' });
        expect(refused.message).toContain(modified);
      }
    });

    test('gone: 404, nothing comes back', async () => {
      const { uid, resourceVersion } = made.metadata;
      expect(await refusal(patch(gone(), { uid, resourceVersion }))).toMatchObject({ status: 404 });
      expect(await refusal(writer.get(roleBindings, keyOf(gone())))).toMatchObject({ status: 404 });
    });

    test('right uid and resourceVersion: other people’s labels, annotations and finalizers stay', async () => {
      const theirs = { labels: { a: 'b' }, annotations: { c: 'd' }, finalizers: ['example.com/x'] };
      const { metadata } = await patch(made, theirs);
      const changed = await patch(made, {
        uid: metadata.uid,
        resourceVersion: metadata.resourceVersion,
        labels: { ours: 'yes' },
      });
      expect(changed.metadata).toMatchObject({ ...theirs, labels: { a: 'b', ours: 'yes' } });
      await patch(made, { finalizers: null });
    });

    test('a patch that changes nothing keeps the resourceVersion', async () => {
      const same = await patch(made, { uid: made.metadata.uid });
      expect(same.metadata.resourceVersion).toBe(made.metadata.resourceVersion);
    });

    test('another name or namespace than in the path: 400', async () => {
      expect(await refusal(patch(made, { name: 'other' }))).toMatchObject({ status: 400 });
      expect(await refusal(patch(made, { namespace: 'other' }))).toMatchObject({ status: 400 });
    });
  });

  describe('PUT', () => {
    const put = (object: BindingObject): Promise<RawAnswer> => raw('PUT', path(object), object);

    test('wrong uid: 409', async () => {
      const answer = await put(withMeta(made, { uid: 'x', resourceVersion: undefined }));
      expect(answer.status).toBe(409);
      expect(answer.body.message).toContain('Precondition failed: UID in precondition: x');
    });

    test('wrong resourceVersion: 409', async () => {
      const answer = await put(withMeta(made, { resourceVersion: '1' }));
      expect([answer.status, answer.body.message]).toEqual([
        409,
        expect.stringContaining(modified),
      ]);
    });

    test('gone: 201 creates it, also with a resourceVersion; with a uid 409', async () => {
      expect((await put(gone())).status).toBe(201);
      const second = withMeta(roleBinding(ns, `gone-too-${count}`), { resourceVersion: '1' });
      expect((await put(second)).status).toBe(201);
      const third = withMeta(roleBinding(ns, `gone-also-${count}`), { uid: 'x' });
      expect((await put(third)).status).toBe(409);
    });

    test('what it does not say is dropped', async () => {
      await raw(
        'PUT',
        path(made),
        withMeta(made, { labels: { a: 'b' }, resourceVersion: undefined }),
      );
      const answer = await put(roleBinding(ns, made.metadata.name));
      expect(answer.status).toBe(200);
      expect(answer.body.metadata).not.toHaveProperty('labels');
      expect(answer.body.metadata?.uid).toBe(made.metadata.uid);
    });
  });

  describe('server-side apply', () => {
    const apply = (
      object: BindingObject,
      query = 'fieldManager=applier&force=true',
    ): Promise<RawAnswer> =>
      raw('PATCH', `${path(object)}?${query}`, object, 'application/apply-patch+yaml');
    const fresh = (): BindingObject => roleBinding(ns, made.metadata.name);

    test('wrong uid: 422; wrong resourceVersion: 409', async () => {
      expect((await apply(withMeta(fresh(), { uid: 'x' }))).status).toBe(422);
      expect((await apply(withMeta(fresh(), { resourceVersion: '1' }))).status).toBe(409);
    });

    test('gone: 409 with a uid, 201 with a resourceVersion only', async () => {
      const answer = await apply(withMeta(gone(), { uid: 'x' }));
      expect([answer.status, answer.body.message]).toEqual([
        409,
        expect.stringContaining('uid mismatch'),
      ]);
      expect((await apply(withMeta(gone(), { resourceVersion: '1' }))).status).toBe(201);
    });

    test('a field of another manager conflicts unless forced', async () => {
      const emptied = { ...fresh(), subjects: [] };
      const answer = await apply(emptied, 'fieldManager=applier');
      expect([answer.status, answer.body.reason]).toEqual([409, 'Conflict']);
      expect(answer.body.message).toContain('.subjects');
      expect((await apply(emptied)).status).toBe(200);
      expect((await apply(emptied, 'force=true')).status).toBe(422);
    });

    test('labels of others stay, own ones that are left out go', async () => {
      await writer.mergePatch(roleBindings, keyOf(made), {
        metadata: { labels: { theirs: 'yes' } },
      });
      await apply(withMeta(fresh(), { labels: { mine: 'yes', also: 'yes' } }));
      const answer = await apply(withMeta(fresh(), { labels: { mine: 'yes' } }));
      expect(answer.body.metadata).toMatchObject({ labels: { theirs: 'yes', mine: 'yes' } });
      expect(answer.body.metadata).not.toMatchObject({ labels: { also: 'yes' } });
    });
  });

  describe('DELETE', () => {
    test('wrong uid and wrong resourceVersion: 409, the object stays', async () => {
      const uid = await refusal(writer.delete(roleBindings, keyOf(made), { uid: 'x' }));
      expect(uid).toMatchObject({ status: 409, reason: 'Conflict' });
      expect(uid.message).toContain(
        'the UID in the precondition (x) does not match the UID in record',
      );
      const version = await refusal(
        writer.delete(roleBindings, keyOf(made), { resourceVersion: '1' }),
      );
      expect(version).toMatchObject({ status: 409, reason: 'Conflict' });
      await writer.get(roleBindings, keyOf(made));
    });

    test('right uid: gone; again: 404', async () => {
      const { uid = '' } = made.metadata;
      expect(await writer.delete(roleBindings, keyOf(made), { uid })).toBeUndefined();
      const again = await refusal(writer.delete(roleBindings, keyOf(made), { uid }));
      expect(again).toMatchObject({ status: 404, reason: 'NotFound' });
    });

    test('an object made anew under the name survives the old uid', async () => {
      const { uid = '' } = made.metadata;
      await writer.delete(roleBindings, keyOf(made), { uid });
      const again = await writer.create(roleBindings, roleBinding(ns, made.metadata.name));
      expect(again.metadata.uid).not.toBe(uid);
      expect(await refusal(writer.delete(roleBindings, keyOf(made), { uid }))).toMatchObject({
        status: 409,
      });
    });
  });

  test('POST of a name that is taken: 409 AlreadyExists; with a resourceVersion: 500', async () => {
    const taken = await refusal(writer.create(roleBindings, roleBinding(ns, made.metadata.name)));
    expect(taken).toMatchObject({ status: 409, reason: 'AlreadyExists' });
    const versioned = withMeta(roleBinding(ns, `versioned-${count}`), { resourceVersion: '1' });
    expect(await refusal(writer.create(roleBindings, versioned))).toMatchObject({ status: 500 });
  });

  test('managedFields name who changed what', async () => {
    await raw(
      'PATCH',
      `${path(made)}?fieldManager=somebody-else`,
      { subjects: [] },
      'application/merge-patch+json',
    );
    const { metadata } = await writer.get<BindingObject>(roleBindings, keyOf(made));
    const managed = (metadata as { managedFields?: readonly unknown[] }).managedFields;
    expect(managed).toEqual([
      expect.objectContaining({
        manager: 'ambit',
        operation: 'Update',
        fieldsV1: { 'f:roleRef': {} },
      }),
    ]);
    await raw(
      'PATCH',
      `${path(made)}?fieldManager=somebody-else`,
      { metadata: { labels: { a: 'b' } } },
      'application/merge-patch+json',
    );
    const after = await writer.get<BindingObject>(roleBindings, keyOf(made));
    expect((after.metadata as { managedFields?: readonly unknown[] }).managedFields).toContainEqual(
      expect.objectContaining({
        manager: 'somebody-else',
        fieldsV1: { 'f:metadata': { 'f:labels': { '.': {}, 'f:a': {} } } },
      }),
    );
  });
}
