import { describe, expect, test } from '@jest/globals';
import { decodeProtobuf } from './decode-protobuf.ts';

function field(number: number, value: Buffer | string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([varint(number * 8 + 2), varint(bytes.length), bytes]);
}
function varint(value: number): Buffer {
  const bytes = [];
  for (; value > 0x7f; value = Math.floor(value / 128)) bytes.push((value & 0x7f) | 0x80);
  return Buffer.from([...bytes, value]);
}
function body(kind: string, ...members: Buffer[]): Buffer {
  const type = Buffer.concat([field(1, 'rbac.authorization.k8s.io/v1'), field(2, kind)]);
  return Buffer.concat([
    Buffer.from('k8s\0'),
    field(1, type),
    field(2, Buffer.concat(members)),
    field(3, ''),
    field(4, ''),
  ]);
}

describe('decodeProtobuf', () => {
  test('reads a binding: members by number, empty texts as unset, unknown members dropped', () => {
    const labels = Buffer.concat([
      field(11, Buffer.concat([field(1, 'a'), field(2, 'b')])),
      field(11, Buffer.concat([field(1, 'c'), field(2, '')])),
    ]);
    const meta = Buffer.concat([
      field(1, 'größe'),
      field(2, ''),
      field(3, 'team'),
      labels,
      field(14, 'x/y'),
      field(99, 'new'),
    ]);
    const subject = (name: string): Buffer =>
      field(2, Buffer.concat([field(1, 'User'), field(2, 'g'), field(3, name), field(4, '')]));
    const roleRef = field(
      3,
      Buffer.concat([field(1, 'g'), field(2, 'ClusterRole'), field(3, 'view')]),
    );
    expect(
      decodeProtobuf(body('RoleBinding', field(1, meta), subject('ana'), subject('ben'), roleRef)),
    ).toEqual({
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: {
        name: 'größe',
        namespace: 'team',
        labels: { a: 'b', c: '' },
        finalizers: ['x/y'],
      },
      subjects: [
        { kind: 'User', apiGroup: 'g', name: 'ana' },
        { kind: 'User', apiGroup: 'g', name: 'ben' },
      ],
      roleRef: { apiGroup: 'g', kind: 'ClusterRole', name: 'view' },
    });
  });

  test('keeps the empty text in a list: it is the core group', () => {
    const rule = field(2, Buffer.concat([field(1, 'get'), field(2, ''), field(3, 'pods')]));
    expect(decodeProtobuf(body('ClusterRole', rule))).toMatchObject({
      rules: [{ verbs: ['get'], apiGroups: [''], resources: ['pods'] }],
    });
  });

  test('reads numbers of any length', () => {
    const spec = field(2, Buffer.concat([varint(4 * 8), varint(3_600)]));
    expect(decodeProtobuf(body('TokenRequest', spec))).toMatchObject({
      spec: { expirationSeconds: 3_600 },
    });
  });

  test('refuses what is cut, of another kind, or no protobuf', () => {
    const good = body('ClusterRole', field(2, field(1, 'get')));
    expect(() => decodeProtobuf(good.subarray(0, good.length - 5))).toThrow(/cut/);
    expect(() => decodeProtobuf(body('Secret'))).toThrow(/no kind "Secret"/);
    expect(() => decodeProtobuf(body('constructor'))).toThrow(/no kind/);
    expect(() => decodeProtobuf(Buffer.from('{}'))).toThrow(/does not begin with k8s/);
  });
});
