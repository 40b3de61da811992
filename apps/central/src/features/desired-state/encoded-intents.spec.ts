import { describe, expect, test } from '@jest/globals';
import { encodeIntent } from '@ambit/protocol';
import type { BindingIntent } from '@ambit/rbac';
import { nodeDigests } from '@ambit/transport';
import { EncodedIntents } from './encoded-intents.ts';

const binding: BindingIntent = {
  section: 'BINDING',
  key: 'BINDING/a',
  role: { type: 'existing', clusterRole: 'view' },
  scope: { type: 'namespaces', names: ['team'] },
  shard: '',
  subjectKind: 'Users',
  subjects: ['ambit:ann', 'ambit:bob'],
  grants: ['one'],
};

const others: readonly Partial<BindingIntent>[] = [
  { role: { type: 'existing', clusterRole: 'edit' } },
  { scope: { type: 'namespaces', names: ['other'] } },
  { scope: { type: 'namespaces', names: ['team', 'other'] } },
  { subjects: ['ambit:ann'] },
  { subjects: ['ambit:ann', 'ambit:eve'] },
  { subjectKind: 'Groups' },
  { grants: ['one', 'two'] },
  { grantUid: 'g' },
  { notBefore: 1 },
  { notAfter: 1 },
  { shard: '0' },
];

describe('EncodedIntents', () => {
  test('a copy of an intent is the same entry: encoded and hashed once', () => {
    let hashed = 0;
    const encoded = new EncodedIntents({
      utf8: nodeDigests.utf8,
      sha256: (bytes) => {
        hashed++;
        return nodeDigests.sha256(bytes);
      },
    });
    const entry = encoded.entry(binding);
    expect(entry.body).toEqual(encodeIntent(binding));
    // Not a part of a slab, which would live as long.
    expect(entry.body.buffer.byteLength).toBe(entry.body.length);
    hashed = 0;
    expect(encoded.entry(structuredClone(binding))).toBe(entry);
    expect(hashed).toBe(0);
  });

  test.each(others)('one that differs in %j is another, with bytes of its own', (more) => {
    const encoded = new EncodedIntents(nodeDigests);
    const entry = encoded.entry(binding);
    const other = { ...binding, ...more };
    expect(encoded.entry(other)).not.toBe(entry);
    expect(encoded.entry(other).body).toEqual(encodeIntent(other));
    expect(encoded.entry(binding)).toBe(entry);
  });
});
