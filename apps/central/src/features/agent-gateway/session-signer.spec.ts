import { describe, expect, test } from '@jest/globals';
import { createEnvelopeOpeners, createEnvelopeSigner, generateSigningKey } from '@ambit/transport';
import { SessionSigner } from './session-signer.ts';

const signer = createEnvelopeSigner(generateSigningKey());
const { openCentralTime } = createEnvelopeOpeners({ stateKeys: [signer.publicKey], epochKeys: [] });

describe('the time that central signs', () => {
  test('is shared by those who ask together, and never from before they asked by more than 200 ms', () => {
    const sessions = new SessionSigner(signer, 'here');
    const [one, other] = [sessions.ports('a', 1), sessions.ports('b', 1)];
    const first = one.signTime(10_000);
    expect(other.signTime(10_200)).toBe(first);
    expect(openCentralTime(first)).toEqual({
      ok: true,
      value: { installationUid: 'here', stateEpoch: 1, now: 10_000 },
    });
    expect(openCentralTime(other.signTime(10_201))).toMatchObject({ value: { now: 10_201 } });
  });

  test('is signed anew for another epoch, and when the clock went back', () => {
    const sessions = new SessionSigner(signer, 'here');
    sessions.ports('a', 1).signTime(10_000);
    const raised = sessions.ports('a', 2).signTime(10_000);
    expect(openCentralTime(raised)).toMatchObject({ value: { stateEpoch: 2 } });
    const back = sessions.ports('a', 2).signTime(9_000);
    expect(openCentralTime(back)).toMatchObject({ value: { now: 9_000 } });
  });
});
