import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { FakeClock } from '@ambit/testing';
import { ExchangeScene, jobOf, rule, service } from './exchange.test-support.ts';
import { OutsideKeys } from './features/services/public.ts';
import { TestIssuer } from './test-issuer.test-support.ts';

let scene: ExchangeScene;
beforeAll(async () => {
  scene = await ExchangeScene.start();
});
afterAll(() => scene?.stop());

describe('the keys of an issuer', () => {
  let issuer: TestIssuer;
  const configuration = '/.well-known/openid-configuration';
  const fetched = (): number => issuer.asked.filter((path) => path === '/keys').length;
  const signed = (header: Readonly<Record<string, string>> = {}): Promise<string> =>
    issuer.sign(jobOf(issuer), { header });

  const withIssuer = async (name: string, work: () => Promise<void>): Promise<void> => {
    issuer = await TestIssuer.start();
    try {
      await scene.central.apply(service(name, [rule(issuer)]));
      await work();
    } finally {
      await issuer.stop();
    }
  };

  test('are fetched once, and once more for a key that is new; not for each that is made up', async () => {
    await withIssuer('rotated', async () => {
      expect((await scene.exchange(await signed(), 'rotated')).status).toBe(201);
      expect((await scene.exchange(await signed(), 'rotated')).status).toBe(201);
      expect(fetched()).toBe(1);
      await issuer.rotate();
      expect((await scene.exchange(await signed(), 'rotated')).status).toBe(201);
      expect(fetched()).toBe(2);
      for (let tries = 0; tries < 5; tries++)
        expect(
          (await scene.exchange(await signed({ kid: `made-up-${tries}` }), 'rotated')).status,
        ).toBe(401);
      expect(fetched()).toBe(2);
    });
  });

  test('that cannot be had turn a token away for now, with the reason in the trail alone', async () => {
    await withIssuer('down', async () => {
      issuer.instead.set(configuration, (reply) => reply.writeHead(503).end());
      const from = scene.elsewhere();
      const { status, body } = await scene.exchange(await signed(), 'down', from);
      expect({ status, code: body.code }).toEqual({ status: 503, code: 'server_unreachable' });
      expect(JSON.stringify(body)).not.toContain('503 ');
      expect((await scene.toldOf(from)).details['reason']).toContain('it answers 503');
      expect((await scene.exchange(await signed(), 'down')).status).toBe(503);
      expect(issuer.asked).toEqual([configuration]);
    });
  });

  test('that were good stay so when an issuer does not answer for a new one', async () => {
    await withIssuer('hiccup', async () => {
      expect((await scene.exchange(await signed(), 'hiccup')).status).toBe(201);
      issuer.instead.set(configuration, (reply) => reply.writeHead(503).end());
      expect((await scene.exchange(await signed({ kid: 'made-up' }), 'hiccup')).status).toBe(401);
      expect((await scene.exchange(await signed(), 'hiccup')).status).toBe(201);
    });
  });

  test.each([
    ['of another issuer', { issuer: 'https://other.example', jwks_uri: 'KEYS' }, 'another issuer'],
    ['at no place', { issuer: 'ISSUER' }, 'names no jwks_uri'],
    ['in a file', { issuer: 'ISSUER', jwks_uri: 'file:///etc/passwd' }, 'only https:// is'],
    ['in a cloud', { issuer: 'ISSUER', jwks_uri: 'http://169.254.169.254/' }, 'special address'],
  ])('are not looked for %s', async (what, said, reason) => {
    const name = `keys-${what.replaceAll(' ', '-')}`;
    await withIssuer(name, async () => {
      const text = JSON.stringify(said)
        .replace('ISSUER', issuer.url)
        .replace('KEYS', `${issuer.url}/keys`);
      issuer.instead.set(configuration, (reply) => reply.end(text));
      const from = scene.elsewhere();
      expect((await scene.exchange(await signed(), name, from)).status).toBe(503);
      expect((await scene.toldOf(from)).details['reason']).toContain(reason);
      expect(fetched()).toBe(0);
    });
  });

  test('are not fetched from a private address unless the rule says that it is one', async () => {
    await withIssuer('private', async () => {
      const url = issuer.url.replace('http:', 'https:');
      const { internal: _, ...open } = rule(issuer, { issuer: url }) as Record<string, unknown>;
      await scene.central.apply(service('private', [open]));
      const from = scene.elsewhere();
      const token = await issuer.sign(jobOf(issuer, { iss: url }));
      expect((await scene.exchange(token, 'private', from)).status).toBe(503);
      expect((await scene.toldOf(from)).details['reason']).toContain('private address 127.0.0.1');
      expect(issuer.asked).toEqual([]);
    });
  });
});

describe('the age of keys', () => {
  const minute = 60_000;
  let issuer: TestIssuer;
  let clock: FakeClock;
  let keys: OutsideKeys;
  const asked = (): number => issuer.asked.filter((path) => path === '/keys').length;
  const named = (): { issuer: string; internal: true } => ({ issuer: issuer.url, internal: true });

  beforeEach(async () => {
    issuer = await TestIssuer.start();
    clock = new FakeClock();
    keys = new OutsideKeys(clock);
  });
  afterEach(() => issuer.stop());

  test('is ten minutes at most, so that a key that its issuer took back is not good for long', async () => {
    const before = await keys.of(named());
    await issuer.rotate();
    clock.advance(9 * minute);
    expect(await keys.of(named())).toEqual(before);
    clock.advance(1 * minute);
    expect(await keys.of(named())).not.toEqual(before);
    expect(asked()).toBe(2);
  });

  test('is half a minute when a key was looked for that is not there', async () => {
    await keys.of(named());
    await keys.renewed(named());
    clock.advance(29_000);
    await keys.renewed(named());
    expect(asked()).toBe(2);
    clock.advance(1_000);
    await keys.renewed(named());
    expect(asked()).toBe(3);
  });

  test('is half a minute when there are none, and then they are asked for again', async () => {
    const configuration = '/.well-known/openid-configuration';
    issuer.instead.set(configuration, (reply) => reply.writeHead(500).end());
    await expect(keys.of(named())).rejects.toMatchObject({ code: 'server_unreachable' });
    issuer.instead.clear();
    clock.advance(29_000);
    await expect(keys.of(named())).rejects.toMatchObject({ code: 'server_unreachable' });
    expect(issuer.asked).toHaveLength(1);
    clock.advance(1_000);
    expect((await keys.of(named())).keys).toHaveLength(1);
  });

  test('is the same for all who ask at once, and another for who trusts another CA', async () => {
    await Promise.all(Array.from({ length: 20 }, () => keys.of(named())));
    expect(asked()).toBe(1);
    await keys.of({ ...named(), ca: 'another' });
    expect(asked()).toBe(2);
  });
});
