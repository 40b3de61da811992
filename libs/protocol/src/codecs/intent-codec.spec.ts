import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { hex } from '@ambit/kernel';
import type {
  BindingIntent,
  CredentialsEntry,
  Intent,
  IntentScope,
  ProfileEntry,
} from '@ambit/rbac';
import { codecOf } from './codec.ts';
import { decodeIntent, encodeIntent } from './intent-codec.ts';

const binding: BindingIntent = {
  section: 'BINDING',
  key: 'BINDING/1',
  role: { type: 'existing', clusterRole: 'view' },
  scope: { type: 'namespaces', names: ['payments', 'shop'] },
  grantUid: 'grant-1',
  shard: '01',
  subjectKind: 'Users',
  subjects: ['ambit:ann', 'ambit:bob'],
  notBefore: 1_700_000_000_000,
  notAfter: 1_800_000_000_000,
  grants: ['team-payments'],
};

const credentials: CredentialsEntry = {
  section: 'CREDENTIALS',
  key: 'CREDENTIALS/webhook',
  issuer: 'https://a/webhook',
  audience: 'ambit:c1',
  userPrefix: 'ambit:',
  keys: [{ kty: 'EC', crv: 'P-256', kid: 'k1', x: 'xx', y: 'yy' }],
  endedSessions: ['s1', 's2'],
  issuedFrom: 1_800_000_000,
};

const profile: ProfileEntry = {
  section: 'PROFILE',
  key: 'PROFILE/p1',
  uid: 'p1',
  name: 'small',
  create: true,
  labels: [['tier', 'one']],
  objects: [{ kind: 'ResourceQuota', name: 'ambit-quota', spec: '{"hard":{"pods":"5"}}' }],
};

const golden: [Intent, string][] = [
  [
    profile,
    '0a0270311205736d616c6c1801220b0a047469657212036f6e652a260801120b616d6269742d71756f74611a157b2268617264223a7b22706f6473223a2235227d7d',
  ],
  [
    {
      section: 'NAMESPACE',
      key: 'NAMESPACE/pay-*',
      pattern: 'pay-*',
      teamUid: 't1',
      team: 'pay',
      profileUid: 'p1',
    },
    '0a057061792d2a120274311a0370617922027031',
  ],
  [
    {
      section: 'CONFIG',
      key: 'CONFIG/cluster',
      clusterName: 'prod-eu',
      clusterUid: 'c1',
      userPrefix: 'ambit:',
      subjectMode: 'Users',
    },
    '0a0770726f642d6575120263311a06616d6269743a2001',
  ],
  [
    {
      section: 'ROLE',
      key: 'ROLE/r1',
      uid: 'r1',
      name: 'debug',
      rules: [
        { apiGroups: [''], resources: ['pods', 'pods/log'], verbs: ['get'] },
        { nonResourceURLs: ['/healthz'], verbs: ['get'] },
      ],
    },
    '0a027231120564656275671a170a001204706f64731208706f64732f6c6f672a036765741a0f22082f6865616c74687a2a03676574',
  ],
  [
    { section: 'DENY', key: 'DENY/u1', userUid: 'u1', subject: 'ambit:ann' },
    '0a0275311209616d6269743a616e6e',
  ],
  [
    binding,
    '0a060a0476696577121212100a087061796d656e74730a0473686f701a076772616e742d31220230312a09616d6269743a616e6e2a09616d6269743a626f623080d095ffbc313880a0f1c2b134420d7465616d2d7061796d656e74734801',
  ],
  [
    credentials,
    '0a1168747470733a2f2f612f776562686f6f6b1208616d6269743a63311a06616d6269743a220c0a026b31120278781a0279792a0273312a0273323080a4a7da06',
  ],
];

const scopeArbitrary: fc.Arbitrary<IntentScope> = fc.oneof(
  fc.constant({ type: 'clusterWide' as const }),
  fc.record({
    type: fc.constant('namespaces' as const),
    names: fc.array(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 5 }),
  }),
  fc.record({
    type: fc.constant('selector' as const),
    selector: fc.record({
      requirements: fc.array(
        fc.record({
          key: fc.string(),
          operator: fc.constantFrom('In', 'NotIn', 'Exists', 'DoesNotExist'),
          values: fc.array(fc.string(), { maxLength: 3 }),
        }),
        { maxLength: 3 },
      ),
    }),
  }),
);

const moment = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
const bindingArbitrary: fc.Arbitrary<BindingIntent> = fc.record(
  {
    section: fc.constant('BINDING' as const),
    key: fc.string().map((text) => `BINDING/${text}`),
    role: fc.oneof(
      fc.record({
        type: fc.constant('existing' as const),
        clusterRole: fc.string({ minLength: 1 }),
      }),
      fc.record({ type: fc.constant('ours' as const), roleUid: fc.string({ minLength: 1 }) }),
    ),
    scope: scopeArbitrary,
    grantUid: fc.string({ minLength: 1 }),
    shard: fc.stringMatching(/^[01]{0,8}$/),
    subjectKind: fc.constantFrom('Users' as const, 'Groups' as const, 'ServiceAccounts' as const),
    subjects: fc.array(fc.string({ unit: 'grapheme' }), { maxLength: 20 }),
    notBefore: moment,
    notAfter: moment,
    grants: fc.array(fc.string(), { maxLength: 4 }),
  },
  {
    requiredKeys: ['section', 'key', 'role', 'scope', 'shard', 'subjectKind', 'subjects', 'grants'],
  },
);

describe('the bytes of an intent', () => {
  test.each(golden)('are golden: %j', (intent, bytes) => {
    expect(hex(encodeIntent(intent))).toBe(bytes);
    expect(decodeIntent(intent.key, encodeIntent(intent))).toEqual(intent);
  });

  test('read back as the same intent, and the same intent has the same bytes', () => {
    fc.assert(
      fc.property(bindingArbitrary, (intent) => {
        const bytes = encodeIntent(intent);
        const back = decodeIntent(intent.key, bytes);
        expect(back).toEqual(intent);
        expect(hex(encodeIntent(back))).toBe(hex(bytes));
      }),
    );
  });

  test('may hold hints that this version does not know', () => {
    // Field 2047 with wire type 2 and two bytes; field 100 with a number.
    for (const hint of [
      [0xfa, 0x7f, 0x02, 0x01, 0x02],
      [0xa0, 0x06, 0x01],
    ]) {
      const bytes = Uint8Array.of(...encodeIntent(binding), ...hint);
      expect(decodeIntent(binding.key, bytes)).toEqual(binding);
    }
  });
});

describe('what only a newer central writes', () => {
  const notUnderstood = expect.objectContaining({ code: 'unsupported_field' });
  const refusalOf = (key: string, bytes: Uint8Array): unknown => {
    try {
      return decodeIntent(key, bytes);
    } catch (error) {
      return error;
    }
  };
  const plus = (intent: Intent, ...more: number[]): Uint8Array =>
    Uint8Array.of(...encodeIntent(intent), ...more);
  const role: Intent = { section: 'ROLE', key: 'ROLE/1', uid: 'r', name: 'r', rules: [] };

  test('a field that may narrow what is granted makes the whole entry not understood', () => {
    expect(refusalOf(binding.key, plus(binding, 0x78, 0x01))).toEqual(notUnderstood);
    expect(refusalOf('ROLE/1', plus(role, 0x78, 0x01))).toEqual(notUnderstood);
    expect(refusalOf(credentials.key, plus(credentials, 0x78, 0x01))).toEqual(notUnderstood);
    // The role of the binding again, with a field 15 of its own.
    expect(refusalOf(binding.key, plus(binding, 0x0a, 0x02, 0x78, 0x01))).toEqual(notUnderstood);
  });

  test('a section, a mode and an operator that are not known make the entry not understood', () => {
    expect(refusalOf('TUNNEL/1', encodeIntent(binding))).toEqual(notUnderstood);
    const mode = codecOf<Record<string, unknown>>('BindingIntent');
    const whole = { role: { clusterRole: 'view' }, scope: { clusterWide: {} }, subjectKind: 9 };
    expect(refusalOf('BINDING/1', mode.encode(whole))).toEqual(notUnderstood);
    const requirements = [{ key: 'a', operator: 'Gt' }];
    const scope = { namespaceSelector: { requirements } };
    const selecting = { ...whole, subjectKind: 'SUBJECT_MODE_USERS', scope };
    expect(refusalOf('BINDING/1', mode.encode(selecting))).toEqual(notUnderstood);
  });

  test('what takes away is obeyed with fields that are not known', () => {
    const deny: Intent = { section: 'DENY', key: 'DENY/u', userUid: 'u', subject: 'ambit:ann' };
    expect(decodeIntent(deny.key, plus(deny, 0x78, 0x01))).toEqual(deny);
  });
});

describe('an entry that is no intent', () => {
  const codec = codecOf<Record<string, unknown>>('BindingIntent');
  const whole = {
    role: { clusterRole: 'view' },
    scope: { clusterWide: {} },
    subjects: ['ambit:ann'],
    subjectKind: 'SUBJECT_MODE_USERS',
  };
  const read = (more: Record<string, unknown>): Intent =>
    decodeIntent('BINDING/1', codec.encode({ ...whole, ...more }));

  test('is refused by name, whatever it lacks', () => {
    expect(read({})).toMatchObject({ section: 'BINDING' });
    const faults: [string, Record<string, unknown>][] = [
      ['no role', { role: undefined }],
      ['an empty role', { role: {} }],
      ['a role without a name', { role: { clusterRole: '' } }],
      ['no scope', { scope: undefined }],
      ['an empty scope', { scope: {} }],
      ['no namespace', { scope: { namespaces: { names: [] } } }],
      ['no subject kind', { subjectKind: undefined }],
      ['too many subjects', { subjects: Array.from({ length: 257 }, (_, i) => `${i}`) }],
    ];
    for (const [fault, more] of faults) {
      expect(() => [fault, read(more)]).toThrow('BINDING/1 cannot be read');
    }
    expect(() => decodeIntent('DENY/1', new Uint8Array())).toThrow('DENY/1');
    expect(() => decodeIntent('BINDING/1', Uint8Array.of(0xff, 0xff, 0xff))).toThrow();
  });

  test('says what entries of credentials lack', () => {
    const lacking: [string, Partial<CredentialsEntry>][] = [
      ['the issuer', { issuer: '' }],
      ['the audience', { audience: '' }],
      ['the prefix of names', { userPrefix: '' }],
      ['the kid of a key', { keys: [{ kty: 'EC', crv: 'P-256', kid: '', x: 'x', y: 'y' }] }],
      ['it has an impossible time', { issuedFrom: -1 }],
    ];
    for (const [what, less] of lacking) {
      const body = encodeIntent({ ...credentials, ...less });
      expect(() => decodeIntent(credentials.key, body)).toThrow(what);
    }
  });

  test('case b8: an end that is no moment never means "no end"', () => {
    for (const value of [-1, -1_700_000_000_000, Number.MIN_SAFE_INTEGER]) {
      expect(() => read({ notAfter: value })).toThrow('impossible time');
      expect(() => read({ notBefore: value })).toThrow('impossible time');
    }
    // 2^63 - 1, the largest number the field can carry.
    const largest = Uint8Array.of(0x38, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f);
    const bytes = Uint8Array.of(...codec.encode(whole), ...largest);
    expect(() => decodeIntent('BINDING/1', bytes)).toThrow('impossible time');
    expect(read({ notAfter: 0 })).not.toHaveProperty('notAfter');
    expect(read({ notAfter: 1 })).toHaveProperty('notAfter', 1);
  });
});
