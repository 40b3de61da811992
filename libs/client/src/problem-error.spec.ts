import { describe, expect, test } from '@jest/globals';
import { errorKinds } from '@ambit/kernel';
import { answerError } from './problem-error.ts';

const base = new URL('https://ambit.acme.io');
const problem = {
  type: 'about:blank',
  title: 'Forbidden',
  status: 403,
  code: 'permission_denied',
  detail: 'token/ci may not change roles.',
  why: 'its role is viewer',
  hint: 'Ask for a token with the role admin.',
  nextCommand: 'ambit token create NAME --role admin',
  errors: [{ message: 'm', pointer: '/a', document: 1, line: 3, column: 4, didYouMean: 'b' }],
  requestId: '01JD2Q7V3W',
  details: { missing: 'roles:write' },
};
const json = { 'content-type': 'application/problem+json' };
const answer = (body: unknown, status = 403) =>
  answerError({ status, headers: json, body: JSON.stringify(body) }, base);

describe('answers that are errors', () => {
  test('case U14: a denial keeps why, what is missing, hint, next command and id', () => {
    const error = answer(problem);
    expect(error).toMatchObject({
      code: 'permission_denied',
      message: 'token/ci may not change roles.',
      extras: {
        why: 'its role is viewer',
        hint: 'Ask for a token with the role admin.',
        nextCommand: 'ambit token create NAME --role admin',
        errors: problem.errors,
        details: { missing: 'roles:write' },
      },
    });
    expect(error.extras.details).toMatchObject({ requestId: '01JD2Q7V3W' });
  });

  test.each(Object.keys(errorKinds))('the code %s is kept', (code) => {
    expect(answer({ ...problem, code }).code).toBe(code);
  });

  test.each([
    [404, 'not_found'],
    [409, 'already_exists'],
    [412, 'stale_resource'],
    [418, 'internal'],
    [503, 'not_ready'],
  ])('a code of a newer central is taken by its status %i', (status, code) => {
    expect(answer({ ...problem, code: 'of_tomorrow', status }, status).code).toBe(code);
    expect(answer({ ...problem, code: 'toString', status }, status).code).toBe(code);
  });

  test('something else than central is named as that, without its page', () => {
    const headers = { 'content-type': 'text/html; charset=utf-8' };
    const error = answerError({ status: 502, headers, body: '<html>canary' }, base);
    expect(error.code).toBe('server_unreachable');
    expect(error.message).toBe('ambit.acme.io answered 502 with text/html instead of JSON');
  });
});
