import { inspect } from 'node:util';
import { expect, test } from '@jest/globals';
import { Secret } from './secret.ts';

test('a secret shows in no printed, inspected, encoded or cloned form', () => {
  const canary = 'canary-51d0';
  const held = { secret: new Secret(canary), list: [new Secret(canary)] };
  const forms = [
    String(held.secret),
    `${held.secret}`,
    JSON.stringify(held),
    inspect(held, { depth: 9, showHidden: true }),
    JSON.stringify(Object.entries(held.secret)),
    JSON.stringify({ ...held.secret }),
    inspect(structuredClone({ a: { ...held.secret } })),
  ];
  for (const form of forms) expect(form).not.toContain(canary);
  expect(held.secret.reveal()).toBe(canary);
});
