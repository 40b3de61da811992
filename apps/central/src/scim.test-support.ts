import { readFile } from 'node:fs/promises';
import type { TestDatabase } from '@ambit/testing';
import { document } from './central.test-support.ts';
import type { CallOptions, Reply, TestCentral } from './central.test-support.ts';
import { provider } from './identities.test-support.ts';

const fixtures = new URL('./features/directories/fixtures/', import.meta.url);

/** A body as a directory was seen to send it; `MEMBER` stands for an id. */
export async function recorded(name: string, member = ''): Promise<object> {
  const text = await readFile(new URL(`${name}.json`, fixtures), 'utf8');
  return JSON.parse(text.replaceAll('MEMBER', member)) as object;
}

export const patch = (...operations: readonly object[]): object => ({
  schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
  Operations: operations,
});

/** The directory of a provider, as it calls central. */
export class TestDirectory {
  readonly name: string;
  readonly #central: TestCentral;
  token: string;

  private constructor(central: TestCentral, name: string, token: string) {
    this.#central = central;
    this.name = name;
    this.token = token;
  }

  /** Makes the provider, the service that speaks for its directory, and a token of it. */
  static async of(central: TestCentral, name: string): Promise<TestDirectory> {
    await central.apply(
      document('ServiceIdentity', `${name}-scim`, {}),
      document('Delegation', `${name}-scim`, {
        subjects: [{ service: `${name}-scim` }],
        role: 'directory',
      }),
      provider(name, { directory: { service: `${name}-scim` } }),
    );
    return new TestDirectory(central, name, await tokenOf(central, `${name}-scim`, 'first'));
  }

  async call(method: string, path: string, options: CallOptions = {}): Promise<Reply> {
    const { token = this.token, headers = {}, body } = options;
    const response = await fetch(`${this.#central.running.restUrl}/scim/v2${path}`, {
      method,
      headers: {
        ...(token === '' ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/scim+json' }),
        ...headers,
      },
      ...(body === undefined
        ? {}
        : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      body: text === '' ? undefined : JSON.parse(text),
    };
  }

  get(path: string, options?: CallOptions): Promise<Reply> {
    return this.call('GET', path, options);
  }

  /** The first whom a filter finds. */
  async found(kind: 'Users' | 'Groups', filter: string): Promise<Reply['body']> {
    const { body } = await this.get(`/${kind}?filter=${encodeURIComponent(filter)}`);
    return body.Resources[0];
  }

  /** Makes a person, and gives what is answered. */
  async user(userName: string, more: object = {}): Promise<Reply['body']> {
    const reply = await this.call('POST', '/Users', { body: { userName, ...more } });
    if (reply.status !== 201) throw new Error(JSON.stringify(reply.body));
    return reply.body;
  }

  async group(displayName: string, members: readonly string[] = []): Promise<Reply['body']> {
    const reply = await this.call('POST', '/Groups', {
      body: { displayName, members: members.map((value) => ({ value })) },
    });
    if (reply.status !== 201) throw new Error(JSON.stringify(reply.body));
    return reply.body;
  }
}

export async function tokenOf(
  central: TestCentral,
  service: string,
  name: string,
): Promise<string> {
  const body = { name, ttlSeconds: 3_600 };
  const reply = await central.call('POST', `/services/${service}/tokens`, { body });
  if (reply.status !== 201) throw new Error(JSON.stringify(reply.body));
  return reply.body.token as string;
}

/** People of the directory as if it had made them, in one statement; gives their uids. */
export async function directoryPeople(
  db: TestDatabase,
  of: TestDirectory,
  prefix: string,
  many: number,
): Promise<string[]> {
  const rows = await db.database.query<{ uid: string }>(
    `WITH made AS (
       INSERT INTO users (uid, name, active, labels, annotations, generation, revision, created_at)
       SELECT '00' || $1 || lpad(n::text, 8, '0'), $1 || n || '@corp.example', true, '{}', '{}', 1, 0, now()
       FROM generate_series(1, $2::int) AS n RETURNING uid, name)
     INSERT INTO directory_users (provider_uid, user_uid, user_name, attributes, made_here, locked_here, version, created_at, changed_at)
     SELECT p.uid, made.uid, made.name, '{"active": true}', true, false, 1, now(), now()
     FROM made, policy_objects p WHERE p.kind = 'IdentityProvider' AND p.name = $3 RETURNING user_uid AS uid`,
    [prefix, many, of.name],
  );
  return rows.map(({ uid }) => uid);
}
