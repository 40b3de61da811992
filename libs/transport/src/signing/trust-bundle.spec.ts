import { beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { trustBundleCodec, type wire } from '@ambit/protocol';
import { createCa, loadCa } from '../pki/certificate-authority.ts';
import { createEnvelopeSigner, generateSigningKey, signedByAll } from './envelope.ts';
import { followTrust, mostTrustBundles, readTrust, signTrust } from './trust-bundle.ts';
import type { HeldTrust } from './trust-bundle.ts';

const signerNames = ['a', 'b', 'c', 'epoch', 'epoch2', 'thief'] as const;
type Name = (typeof signerNames)[number];
const signers = Object.fromEntries(
  signerNames.map((name) => [name, createEnvelopeSigner(generateSigningKey())]),
) as Readonly<Record<Name, ReturnType<typeof createEnvelopeSigner>>>;
const nameOf = new Map(signerNames.map((name) => [signers[name].publicKey.keyId, name]));
const keysOf = (names: readonly Name[]): wire.TrustedKey[] =>
  names.map((name) => signers[name].publicKey);

let cas: Uint8Array[];
beforeAll(async () => {
  const made = [1, 2].map(async () =>
    loadCa(await createCa({ name: 'Ambit', now: Date.parse('2026-11-23') })),
  );
  cas = (await Promise.all(made)).map(({ certificate }) => certificate);
});

interface Spec {
  readonly version: number;
  readonly state: readonly Name[];
  readonly epoch: readonly Name[];
  readonly ca: readonly number[];
  readonly signedBy: readonly Name[];
  readonly installation?: string;
}

function envelopeOf(spec: Spec): wire.SignedEnvelope {
  const [first = signers.thief, ...others] = spec.signedBy.map((name) => signers[name]);
  const envelope = signTrust(signedByAll(first, others), {
    installationUid: spec.installation ?? 'i',
    version: spec.version,
    ca: spec.ca.map((at) => cas[at] ?? new Uint8Array()),
    stateKeys: keysOf(spec.state),
    epochKeys: keysOf(spec.epoch),
  });
  return spec.signedBy.length === 0 ? { ...envelope, signatures: [] } : envelope;
}

const held = (more: Partial<Spec> = {}): HeldTrust => ({
  installationUid: 'i',
  trustVersion: more.version ?? 1,
  ca: (more.ca ?? [0]).map((at) => cas[at] ?? new Uint8Array()),
  stateKeys: keysOf(more.state ?? ['a']),
  epochKeys: keysOf(more.epoch ?? ['epoch']),
});

const namesIn = ({ stateKeys }: HeldTrust): Name[] =>
  stateKeys.flatMap(({ keyId }) => nameOf.get(keyId) ?? []).sort();

const codes = (from: HeldTrust, ...specs: readonly Spec[]): string[] =>
  followTrust(from, specs.map(envelopeOf)).refusals.map(({ code }) => code);

/** A rollover of state key and CA as central makes it: the new beside the old, then the new alone. */
const rollover: readonly Spec[] = [
  { version: 1, state: ['a'], epoch: ['epoch'], ca: [0], signedBy: ['a'] },
  { version: 2, state: ['a', 'b'], epoch: ['epoch'], ca: [0, 1], signedBy: ['a', 'b'] },
  { version: 3, state: ['b'], epoch: ['epoch'], ca: [1], signedBy: ['a', 'b'] },
  { version: 4, state: ['b', 'c'], epoch: ['epoch'], ca: [1], signedBy: ['b', 'c'] },
  { version: 5, state: ['c'], epoch: ['epoch'], ca: [1], signedBy: ['b', 'c'] },
];

describe('the trust of an agent', () => {
  test('follows rollovers that old keys signed, from wherever it stands', () => {
    for (const from of rollover) {
      const { trust, refusals } = followTrust(held(from), rollover.map(envelopeOf));
      expect(refusals).toEqual([]);
      expect(trust).toMatchObject({ trustVersion: 5, ca: [cas[1]] });
      expect(namesIn(trust)).toEqual(['c']);
    }
    // An agent from before trust had versions.
    expect(followTrust(held({ version: 0 }), rollover.map(envelopeOf)).trust.trustVersion).toBe(5);
  });

  test('is not moved by keys that nobody vouched for, nor back, nor to a second meaning of a version', () => {
    const next = { version: 2, state: ['b'], epoch: ['epoch'], ca: [1] } as const;
    const cases: [Spec, string][] = [
      [{ ...next, signedBy: [] }, 'unknown_key'],
      [{ ...next, signedBy: ['b'] }, 'unknown_key'],
      [{ ...next, signedBy: ['thief'] }, 'unknown_key'],
      [{ ...next, signedBy: ['epoch'] }, 'unknown_key'],
      [{ ...next, signedBy: ['a'], installation: 'other' }, 'wrong_installation'],
      [{ ...next, signedBy: ['a'], ca: [] }, 'malformed'],
      [{ ...next, signedBy: ['a'], state: [] }, 'malformed'],
      [{ ...next, signedBy: ['a'], epoch: [] }, 'malformed'],
      [{ ...next, signedBy: ['a'], ca: [9] }, 'malformed'],
      [{ ...next, signedBy: ['a'], version: 2 ** 60 }, 'malformed'],
      [{ ...next, signedBy: ['a'], version: 1 }, 'equivocation'],
      [{ ...next, signedBy: ['a'], version: 0 }, 'rollback'],
      [{ ...next, signedBy: ['a'], epoch: ['thief'] }, 'epoch_key_missing'],
      [{ ...next, signedBy: ['a', 'epoch2'], epoch: ['epoch2'] }, 'epoch_key_missing'],
    ];
    for (const [spec, code] of cases) {
      const from = held();
      expect([code, codes(from, spec)]).toEqual([code, [code]]);
      expect(followTrust(from, [envelopeOf(spec)]).trust).toBe(from);
    }
    const good = envelopeOf({ ...next, signedBy: ['a'] });
    const state = { ...good, payloadType: 'manifest' };
    const tampered = {
      ...good,
      payload: trustBundleCodec.encode({
        ...trustBundleCodec.decode(good.payload),
        stateKeys: keysOf(['b', 'thief']),
      }),
    };
    for (const envelope of [state, tampered]) {
      expect(followTrust(held(), [envelope]).trust.trustVersion).toBe(1);
    }
  });

  test('takes other epoch keys only with a signature of the old epoch key', () => {
    const spec = { version: 2, state: ['a'], epoch: ['epoch2'], ca: [0] } as const;
    expect(codes(held(), { ...spec, signedBy: ['a'] })).toEqual(['epoch_key_missing']);
    const { trust } = followTrust(held(), [envelopeOf({ ...spec, signedBy: ['a', 'epoch'] })]);
    expect(trust.epochKeys).toEqual(keysOf(['epoch2']));
  });

  test('is never moved by a thief, whatever it sends of its own and replays of ours, in whatever order', () => {
    const own = fc.record({
      version: fc.nat(9),
      state: fc.subarray<Name>(['a', 'b', 'c', 'thief'], { minLength: 1 }),
      epoch: fc.subarray<Name>(['epoch', 'thief'], { minLength: 1 }),
      ca: fc.constantFrom([0], [1], [0, 1]),
      signedBy: fc.constantFrom<readonly Name[]>([], ['thief']),
    });
    const sent = fc.array(fc.oneof(own, fc.constantFrom(...rollover)), { maxLength: 24 });
    fc.assert(
      fc.property(fc.constantFrom(...rollover), sent, (from, specs) => {
        const { trust } = followTrust(held(from), specs.map(envelopeOf));
        const genuine = rollover.find(({ version }) => version === trust.trustVersion);
        expect(trust.trustVersion).toBeGreaterThanOrEqual(from.version);
        expect(namesIn(trust)).toEqual([...(genuine?.state ?? [])].sort());
        expect(trust.epochKeys).toEqual(keysOf(['epoch']));
        expect(trust.ca).toEqual(genuine?.ca.map((at) => cas[at]));
      }),
    );
  });

  test('moves exactly when the rules say so, for bundles of every kind', () => {
    const any = fc.record({
      version: fc.nat(4),
      state: fc.subarray<Name>(['a', 'b', 'thief']),
      epoch: fc.subarray<Name>(['epoch', 'epoch2'], { minLength: 1 }),
      ca: fc.constantFrom([0], [1], []),
      signedBy: fc.subarray<Name>([...signerNames]),
      installation: fc.constantFrom('i', 'i', 'i', 'other'),
    });
    fc.assert(
      fc.property(fc.array(any, { maxLength: 6 }), (specs) => {
        let model: Spec = { version: 1, state: ['a'], epoch: ['epoch'], ca: [0], signedBy: [] };
        for (const spec of specs) {
          const signed = spec.signedBy.some((name) => model.state.includes(name));
          const sameEpoch = spec.epoch.join() === model.epoch.join();
          const mayEpoch = sameEpoch || spec.signedBy.some((name) => model.epoch.includes(name));
          const sound = spec.state.length > 0 && spec.ca.length > 0 && spec.installation === 'i';
          if (signed && mayEpoch && sound && spec.version > model.version) model = spec;
        }
        expect(followTrust(held(), specs.map(envelopeOf)).trust).toEqual(held(model));
      }),
    );
  });

  test('costs no more than the steps that central keeps, however many are sent', () => {
    const many = Array.from({ length: 400 }, (_, at) => ({
      ...(rollover[0] as Spec),
      version: at + 2,
      signedBy: ['thief' as const],
    }));
    expect(codes(held(), ...many)).toHaveLength(mostTrustBundles);
  });

  test('is read without a signature only where something else proves it', () => {
    const [spec] = rollover;
    const envelope = envelopeOf({ ...(spec as Spec), signedBy: ['thief'] });
    expect(readTrust(envelope)).toEqual(held());
    expect(readTrust({ ...envelope, payloadType: 'manifest' })).toBeUndefined();
    expect(readTrust({ ...envelope, payload: Uint8Array.of(0xff) })).toBeUndefined();
  });
});
