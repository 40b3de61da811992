import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { checkName } from './check-name.ts';
import { holderOfService, holderText, serviceHolder, serviceOfHolder } from './service-holder.ts';

test('no person can be named as a service identity is called in clusters', () => {
  expect(checkName('User', 'service:deploy')).toBeDefined();
  const likeNames = fc.array(fc.constantFrom(...'servic:deploy.@+_-09'), { maxLength: 20 });
  fc.assert(
    fc.property(
      likeNames.map((parts) => parts.join('')),
      fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?$/),
      (person, service) => {
        const holder = holderOfService(service);
        expect(checkName('User', holder)).toBeDefined();
        if (checkName('User', person) === undefined) {
          expect(person).not.toBe(holder);
          expect(serviceOfHolder(person)).toBeUndefined();
        }
        expect(serviceOfHolder(holder)).toBe(service);
      },
    ),
  );
});

test('a service identity holds grants as an active person does, under its own name', () => {
  const service = { uid: 'u', name: 'deploy', labels: { team: 'pay' } };
  expect(serviceHolder(service)).toEqual({
    kind: 'User',
    uid: 'u',
    name: 'service:deploy',
    labels: { team: 'pay' },
    active: true,
  });
  expect([holderText('alice'), holderText('service:deploy')]).toEqual(['alice', 'service/deploy']);
});
