import { expect, test } from '@jest/globals';
import { versionIn } from './watch-stream.ts';

const metadata = { name: 'a', namespace: 'n', uid: 'u1', resourceVersion: '5', labels: {} };
const binding = { kind: 'RoleBinding', apiVersion: 'rbac.authorization.k8s.io/v1', metadata };
const line = (type: string, object: object): Buffer =>
  Buffer.from(JSON.stringify({ type, object }));

test('a line says first which version of which object it tells of', () => {
  const version = { name: 'a', namespace: 'n', uid: 'u1', resourceVersion: '5' };
  expect(versionIn(line('ADDED', binding))).toEqual(version);
  expect(versionIn(line('MODIFIED', binding))).toEqual(version);
  const { namespace: _none, ...clusterWide } = version;
  const role = { kind: 'ClusterRole', apiVersion: 'v1', metadata: clusterWide };
  expect(versionIn(line('ADDED', role))).toEqual(clusterWide);
});

test.each([
  ['that it is gone', line('DELETED', binding)],
  ['a bookmark', line('BOOKMARK', { ...binding, metadata: { resourceVersion: '5' } })],
  ['another order of fields', line('ADDED', { metadata, kind: 'RoleBinding', apiVersion: 'v1' })],
  [
    'something before its version',
    line('ADDED', { ...binding, metadata: { annotations: {}, ...metadata } }),
  ],
  [
    'an escaped name',
    line('ADDED', { ...binding, metadata: { ...metadata, name: 'a","uid":"u2' } }),
  ],
  ['no line of a watch', Buffer.from('not JSON')],
])('a line with %s has to be read', (_, text) => {
  expect(versionIn(text)).toBeUndefined();
});
