import { describe, expect, test } from '@jest/globals';
import { KubeError, errorFromAnswer, isKubeError, localError } from './kube-error.ts';

describe('errorFromAnswer', () => {
  test('takes reason, causes and details of a Status, and of the details only what is known', () => {
    const error = errorFromAnswer(403, {
      kind: 'Status',
      message: 'no',
      reason: 'Forbidden',
      code: 403,
      details: {
        name: 'x',
        kind: 'rolebindings',
        secret: 'not taken',
        causes: [{ reason: 'NamespaceTerminating', message: 'namespace a is being terminated' }],
      },
    });
    expect(error).toMatchObject({
      status: 403,
      reason: 'Forbidden',
      details: { name: 'x', kind: 'rolebindings' },
      namespaceTerminating: true,
      escalation: false,
    });
    expect(error.details).not.toHaveProperty('secret');
  });

  test('caps the text of an escalation refusal', () => {
    const message = `x is attempting to grant RBAC permissions not currently held:\n${'r'.repeat(9_000)}`;
    const error = errorFromAnswer(403, { kind: 'Status', message, code: 403 });
    expect(error.escalation).toBe(true);
    expect(error.message.length).toBeLessThan(1_100);
    expect(error.message).toContain('more characters');
  });

  test('Retry-After comes from the header or from the details, in seconds', () => {
    const details = { retryAfterSeconds: 2 };
    expect(errorFromAnswer(429, { kind: 'Status', code: 429, details }).retryAfterMs).toBe(2_000);
    expect(errorFromAnswer(429, 'slow down', '3').retryAfterMs).toBe(3_000);
    expect(errorFromAnswer(429, 'slow down', 'Wed, 21 Oct').retryAfterMs).toBeUndefined();
    expect(errorFromAnswer(429, 'slow down', '0').retryAfterMs).toBeUndefined();
  });

  test('an answer that is no Status keeps its text', () => {
    expect(errorFromAnswer(502, 'bad gateway')).toMatchObject({
      status: 502,
      message: 'bad gateway',
    });
    expect(errorFromAnswer(502, '').message).toBe('HTTP status 502');
  });
});

describe('what may be tried again', () => {
  test.each([
    [localError('Unreachable', ''), true],
    [localError('TimedOut', ''), true],
    [localError('Aborted', ''), false],
    [errorFromAnswer(429, ''), true],
    [errorFromAnswer(500, ''), true],
    [errorFromAnswer(409, ''), false],
    [errorFromAnswer(403, ''), false],
    [errorFromAnswer(413, ''), false],
    [errorFromAnswer(500, { kind: 'Status', message: 'etcdserver: request is too large' }), false],
  ])('%#: %s', (error, retryable) => {
    expect(error.retryable).toBe(retryable);
  });

  test.each([
    [403, 'admission webhook "keep.example.com" denied the request: frozen', true],
    [409, 'admission webhook "keep.example.com" denied the request without explanation', true],
    [
      422,
      "x is forbidden: ValidatingAdmissionPolicy 'a' with binding 'a' denied request: no",
      true,
    ],
    [403, 'rolebindings.rbac.authorization.k8s.io "x" is forbidden: User "y" cannot delete', false],
    [409, 'Operation cannot be fulfilled on rolebindings "x": Precondition failed', false],
  ])('%i %s: what admission denies is known by its words', (status, message, denied) => {
    expect(new KubeError({ status, reason: '', message }).deniedByAdmission).toBe(denied);
  });

  test('too large is known by 413 and by etcd’s words', () => {
    expect(errorFromAnswer(413, '').tooLarge).toBe(true);
    expect(errorFromAnswer(500, 'etcdserver: request is too large').tooLarge).toBe(true);
    expect(errorFromAnswer(500, 'other').tooLarge).toBe(false);
  });
});

test('isKubeError tells by type and status', () => {
  const error = new KubeError({ status: 404, reason: 'NotFound', message: 'gone' });
  expect([isKubeError(error), isKubeError(error, 404), isKubeError(error, 409)]).toEqual([
    true,
    true,
    false,
  ]);
  expect(isKubeError(new Error('gone'))).toBe(false);
});
