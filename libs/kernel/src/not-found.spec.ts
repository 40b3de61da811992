import { expect, test } from '@jest/globals';
import { notFound } from './not-found.ts';

test('what is missing is said with the command that lists its kind, where there is one', () => {
  expect(notFound('Cluster', 'prod')).toMatchObject({
    code: 'not_found',
    message: 'There is no Cluster prod.',
    extras: { nextCommand: 'ambit get clusters' },
  });
  expect(notFound('ServiceIdentity', 'ci').extras.nextCommand).toBe('ambit get serviceidentities');
  const token = notFound('join token', 'k1', { hint: 'Make one.' });
  expect(token.extras).toEqual({ hint: 'Make one.' });
});
