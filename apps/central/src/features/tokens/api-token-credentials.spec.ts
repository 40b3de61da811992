import { describe, expect, test } from '@jest/globals';
import { AppError } from '@ambit/kernel';
import type { ApiTokenRecord, Sql } from '@ambit/persistence';
import { FakeClock, RecordingLogger } from '@ambit/testing';
import { makeBearerToken } from '@ambit/transport';
import { apiTokenCredentials } from './api-token-credentials.ts';
import { BearerAuthenticator } from '../../platform/bearer-authenticator.ts';
import { FailureLimiter, failuresPerMinute } from '../../platform/failure-limiter.ts';
import type { SignInFailure } from '../../platform/sign-in-failures.ts';

type Parts = Partial<Pick<ApiTokenRecord, 'name' | 'role' | 'expiresAt' | 'revokedAt'>>;

/** The table of tokens, as far as the authenticator asks it. */
class Tokens implements Sql {
  readonly asked: (readonly string[])[] = [];
  readonly touched: unknown[][] = [];
  touching: () => Promise<void> = async () => undefined;
  readonly #rows: Record<string, unknown>[] = [];

  add({ name = 'ci', role = 'admin', expiresAt, revokedAt }: Parts = {}) {
    const token = makeBearerToken('ApiToken');
    const row = {
      uid: `uid-${token.id}`,
      id: token.id,
      name,
      role,
      hash: Buffer.from(token.hash, 'hex'),
      created_at: new Date(0),
      expires_at: expiresAt === undefined ? null : new Date(expiresAt),
      last_used_at: null,
      revoked_at: revokedAt === undefined ? null : new Date(revokedAt),
    };
    this.#rows.push(row);
    return { ...token, bearer: `Bearer ${token.text}`, row };
  }

  async query<R>(text: string, values: readonly unknown[] = []): Promise<R[]> {
    if (text.startsWith('UPDATE')) {
      this.touched.push([...values]);
      await this.touching();
      return [];
    }
    const ids = values[0] as readonly string[];
    this.asked.push(ids);
    return this.#rows.filter(({ id }) => ids.includes(id as string)) as R[];
  }
}

function scene() {
  const [clock, logger, tokens] = [new FakeClock(), new RecordingLogger(), new Tokens()];
  const counted = new Map<string, number>();
  const counts = {
    add: async (key: string) => {
      counted.set(key, (counted.get(key) ?? 0) + 1);
      return { consumedPoints: counted.get(key) ?? 0, msBeforeNext: 60_000 };
    },
  };
  const noted: SignInFailure[] = [];
  const authenticator = new BearerAuthenticator({
    sources: {
      ApiToken: apiTokenCredentials(tokens, clock),
      Session: { find: async () => [], noteUses: async () => undefined },
      AccessToken: { find: async () => [] },
    },
    failures: new FailureLimiter(counts, clock, logger),
    signIns: { note: (failure) => noted.push(failure) },
    clock,
    logger,
  });
  const signIn = async (authorization: string | undefined) =>
    authenticator.authenticate(authorization, '192.0.2.1').catch((error: unknown) => {
      if (error instanceof AppError) return error;
      throw error;
    });
  return { clock, tokens, counted, noted, authenticator, signIn };
}

const codeOf = (answer: unknown): string => (answer instanceof AppError ? answer.code : 'let in');
const address = '192.0.2.1';

describe('who shows a token', () => {
  test('is let in as its holder, however the scheme is written', async () => {
    const { tokens, signIn, counted, noted, clock } = scene();
    const { id, text, row } = tokens.add({ role: 'sync', expiresAt: clock.now() + 1 });
    const actor = {
      credential: { kind: 'ApiToken', uid: row.uid, id },
      principal: { kind: 'token', name: 'ci', role: 'sync' },
      expiresAt: clock.now() + 1,
    };
    for (const scheme of ['Bearer ', 'bearer ', '  BEARER   '])
      expect(await signIn(`${scheme}${text}`)).toEqual(actor);
    const endless = tokens.add();
    expect(await signIn(endless.bearer)).not.toHaveProperty('expiresAt');
    expect([counted.size, noted]).toEqual([0, []]);
  });

  test.each([undefined, '', '   '])(
    '%j: there is none, which is no attempt to sign in',
    async (text) => {
      const { signIn, noted, counted } = scene();
      const answer = await signIn(text);
      expect(answer).toMatchObject({
        code: 'token_missing',
        message: 'The request carries no token.',
        extras: {
          hint: 'Send it as "Authorization: Bearer amb_…".',
          nextCommand: 'ambit login http://127.0.0.1:7080',
        },
      });
      expect(noted).toEqual([]);
      expect(counted).toEqual(new Map([['192.0.2.1', 1]]));
    },
  );

  test.each(['Basic YTpi', 'Bearer', 'Bearer a b', 'Bearer a,b', 'x Bearer a'])(
    '%j is of another form',
    async (text) => {
      const { signIn, noted, tokens } = scene();
      expect(await signIn(text)).toMatchObject({
        code: 'token_invalid',
        message: 'The Authorization header is not of the form "Bearer amb_…".',
      });
      expect(noted).toEqual([{ address, reason: 'token_invalid' }]);
      expect(tokens.asked).toEqual([]);
    },
  );

  test('half a token is told before anything is asked', async () => {
    const { signIn, tokens, noted } = scene();
    expect(codeOf(await signIn(`${tokens.add().bearer}x`))).toBe('token_invalid');
    expect(noted).toEqual([{ address, reason: 'token_invalid' }]);
    expect(tokens.asked).toEqual([]);
  });

  test('made up, it is not known, and counted by address alone', async () => {
    const { signIn, noted, counted } = scene();
    expect(await signIn(`Bearer ${makeBearerToken('ApiToken').text}`)).toMatchObject({
      code: 'token_invalid',
      message: 'This token is not known here.',
      extras: { hint: 'It may belong to another installation, or was made up.' },
    });
    expect(noted).toEqual([{ address, reason: 'token_invalid' }]);
    expect([...counted.keys()]).toEqual(['192.0.2.1']);
  });

  test('of a known id with another secret, it is not let in, and counted by that id too', async () => {
    const { signIn, noted, counted, tokens } = scene();
    const { id, row } = tokens.add();
    row.hash = Buffer.alloc(32, 1);
    const again = tokens.add();
    expect(codeOf(await signIn(again.bearer))).toBe('let in');
    const stolen = tokens.add({ name: 'stolen' });
    stolen.row.hash = Buffer.alloc(32);
    expect(codeOf(await signIn(stolen.bearer))).toBe('token_invalid');
    expect(noted).toMatchObject([
      {
        address,
        reason: 'token_invalid',
        shown: { credential: { id: stolen.id }, principal: { name: 'stolen' } },
      },
    ]);
    expect([...counted.keys()]).toEqual(['192.0.2.1', `token/${stolen.id}`]);
    expect(counted.has(`token/${id}`)).toBe(false);
  });

  test('revoked, or over from the very millisecond of its end, it is not let in', async () => {
    const { signIn, tokens, clock, noted, counted } = scene();
    const revoked = tokens.add({ name: 'old', revokedAt: 1 });
    expect(await signIn(revoked.bearer)).toMatchObject({
      code: 'token_revoked',
      message: 'The token old was revoked.',
      extras: { nextCommand: 'ambit-central token create --name NAME --role admin' },
    });
    const ending = tokens.add({ name: 'short', expiresAt: clock.now() + 1 });
    expect(codeOf(await signIn(ending.bearer))).toBe('let in');
    clock.advance(1);
    expect(await signIn(ending.bearer)).toMatchObject({
      code: 'token_expired',
      message: 'The token short has ended.',
    });
    expect(noted.map(({ shown }) => shown?.principal.name)).toEqual(['old', 'short']);
    // The secret was right: nobody guesses at it.
    expect([...counted.keys()]).toEqual(['192.0.2.1']);
  });

  test('after too many failures a failure waits, a good token never', async () => {
    const { signIn, tokens } = scene();
    const good = tokens.add();
    for (let each = 0; each < failuresPerMinute; each++)
      expect(codeOf(await signIn('Bearer x'))).toBe('token_invalid');
    expect(codeOf(await signIn('Bearer x'))).toBe('rate_limited');
    expect(codeOf(await signIn(good.bearer))).toBe('let in');
  });
});

describe('the last use of a token', () => {
  test('is written at once and then at most every half minute, all tokens together', async () => {
    const { signIn, tokens, clock } = scene();
    const [one, two] = [tokens.add(), tokens.add()];
    await signIn(one.bearer);
    const began = clock.now();
    expect(tokens.touched).toEqual([[[one.row.uid], [new Date(began)]]]);
    await signIn(two.bearer);
    clock.advance(29_999);
    await signIn(one.bearer);
    expect(tokens.touched).toHaveLength(1);
    clock.advance(1);
    await signIn(one.bearer);
    expect(tokens.touched[1]).toEqual([
      [two.row.uid, one.row.uid],
      [new Date(began), new Date(began + 30_000)],
    ]);
    clock.advance(30_000);
    await signIn(two.bearer);
    expect(tokens.touched[2]?.[0]).toEqual([two.row.uid]);
  });

  test('that cannot be written turns nobody away', async () => {
    const { signIn, tokens } = scene();
    tokens.touching = () => Promise.reject(new Error('read only'));
    expect(codeOf(await signIn(tokens.add().bearer))).toBe('let in');
  });
});

describe('looking again at who is in', () => {
  test('takes one statement for all, and says of each what has changed', async () => {
    const { tokens, authenticator, signIn, clock } = scene();
    const kinds = ['kept', 'changed', 'revoked', 'ends', 'gone'] as const;
    const made = kinds.map((name) =>
      tokens.add({ name, ...(name === 'ends' ? { expiresAt: clock.now() + 1_000 } : {}) }),
    );
    const actors = [];
    for (const { bearer } of made) {
      const actor = await signIn(bearer);
      if (actor instanceof AppError) throw actor;
      actors.push(actor);
    }
    const [, changed, revoked, , gone] = made;
    if (changed !== undefined) changed.row.role = 'viewer';
    if (revoked !== undefined) revoked.row.revoked_at = new Date(clock.now());
    if (gone !== undefined) gone.row.id = 'another';
    clock.advance(1_000);
    const before = tokens.asked.length;
    const refusalOf = await authenticator.recheck([...actors, ...actors]);
    expect(tokens.asked.slice(before)).toEqual([actors.map(({ credential }) => credential.id)]);
    expect(actors.map((actor) => refusalOf(actor)?.message)).toEqual([
      undefined,
      'The token changed has another role now.',
      'The token revoked was revoked.',
      'The token ends has ended.',
      'The token gone was revoked.',
    ]);
    expect(actors.map((actor) => refusalOf(actor)?.code)).toEqual([
      undefined,
      'token_revoked',
      'token_revoked',
      'token_expired',
      'token_revoked',
    ]);
    const [, role] = actors;
    expect(role && refusalOf(role)?.extras.hint).toBe(
      'Call again to go on with what it may do now.',
    );
  });
});
