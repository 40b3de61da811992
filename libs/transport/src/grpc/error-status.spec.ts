import { Metadata, status, type ServiceError } from '@grpc/grpc-js';
import { describe, expect, test } from '@jest/globals';
import { AppError, errorKinds, type ErrorCode } from '@ambit/kernel';
import { fromStatus, statusOfKind, toStatus } from './error-status.ts';

const asReceived = (given: Partial<ServiceError>): ServiceError =>
  Object.assign(new Error('gRPC'), {
    code: status.UNKNOWN,
    details: '',
    metadata: new Metadata(),
    ...given,
  });

describe('errors over gRPC', () => {
  test.each(Object.keys(errorKinds) as ErrorCode[])('%s arrives as it was sent', (code) => {
    const extras = { why: 'Sie ist alt.', hint: 'Prüfe die Adresse.', nextCommand: 'ambit status' };
    const sent = toStatus(new AppError(code, 'It failed.', extras), 'request-1');
    expect(sent.code).toBe(statusOfKind[errorKinds[code]]);
    const back = fromStatus(asReceived(sent));
    expect(back).toMatchObject({ code, message: 'It failed.' });
    expect(back.extras).toMatchObject({ ...extras, details: { requestId: 'request-1' } });
  });

  test('every kind has a status of its own, none of which says that all is well', () => {
    const all = Object.values(statusOfKind);
    expect(new Set(all).size).toBe(all.length);
    expect(all).not.toContain(status.OK);
  });

  test('an unknown error hides its text and keeps the id', () => {
    const sent = toStatus(new Error('password=hunter2 at /srv/central'), 'request-2');
    expect(sent.code).toBe(status.INTERNAL);
    expect(sent.details).not.toMatch(/hunter2|srv/);
    expect(sent.metadata.get('ambit-request-id')).toEqual(['request-2']);
  });

  test('without trailers of ours the status says what it was', () => {
    const table: [status, string, ErrorCode][] = [
      [status.UNAVAILABLE, 'No connection established', 'server_unreachable'],
      [status.CANCELLED, 'Cancelled', 'server_unreachable'],
      [status.INTERNAL, 'Received RST_STREAM with code 2', 'server_unreachable'],
      [status.INTERNAL, 'odd', 'internal'],
      [status.UNKNOWN, 'odd', 'internal'],
      [status.DEADLINE_EXCEEDED, 'Deadline exceeded', 'timed_out'],
      [status.UNIMPLEMENTED, 'no such method', 'method_not_allowed'],
      [status.RESOURCE_EXHAUSTED, 'too large', 'rate_limited'],
    ];
    for (const [code, details, expected] of table) {
      expect([details, fromStatus(asReceived({ code, details })).code]).toEqual([
        details,
        expected,
      ]);
    }
  });

  test('a code that no program of ours has is not passed on', () => {
    const metadata = new Metadata();
    metadata.set('ambit-code', 'constructor');
    const error = fromStatus(asReceived({ code: status.NOT_FOUND, details: 'gone', metadata }));
    expect(error.code).toBe('not_found');
  });

  test('a certificate that is not trusted is told apart from a server that is down', () => {
    const told = (details: string): AppError =>
      fromStatus(asReceived({ code: status.UNAVAILABLE, details }));
    expect(told('self-signed certificate in certificate chain')).toMatchObject({
      message: 'What answers is not by a CA this agent trusts.',
      extras: { nextCommand: 'ambit cluster join-token NAME' },
    });
    // A clock that is behind is no reason to distrust, and no new token helps.
    const behind = told(
      'No connection established. Last error: Error: certificate is not yet valid',
    );
    expect(behind).toMatchObject({
      code: 'server_unreachable',
      message: 'The certificate of central is not valid yet by the clock of this machine.',
      extras: {
        why: expect.stringMatching(/^here it is 20/),
        hint: expect.stringMatching('clock'),
      },
    });
    expect(behind.extras.nextCommand).toBeUndefined();
    expect(told('connect ECONNREFUSED')).toMatchObject({
      message: 'Central cannot be reached.',
      extras: { hint: expect.stringMatching('runs') },
    });
  });
});
