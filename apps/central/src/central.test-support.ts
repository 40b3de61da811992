import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadSettings } from '@ambit/config';
import { apiVersion } from '@ambit/contracts';
import type { Logger } from '@ambit/kernel';
import { auditUrlOf, ownerUrlOf, RecordingLogger } from '@ambit/testing';
import type { PolicyWriter } from '@ambit/testing';
import { centralSettings } from './config.ts';
import type { CentralSettings } from './config.ts';
import { beginSession } from './features/sessions/manage-sessions.ts';
import { serve } from './serve.ts';
import type { RunningCentral } from './serve.ts';

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  // oxlint-disable-next-line typescript/no-explicit-any -- the tests look into answers of every shape
  readonly body: any;
}

export interface CallOptions {
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

export interface StartOptions {
  readonly dataDir?: string;
  readonly flags?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
}

/** One central as `ambit-central` would run it, on a database given, with free ports. */
export class TestCentral {
  readonly running: RunningCentral;
  readonly logger: RecordingLogger;
  readonly dataDir: string;
  /** The admin token of the first start. */
  token: string;

  private constructor(running: RunningCentral, logger: RecordingLogger, dataDir: string) {
    this.running = running;
    this.logger = logger;
    this.dataDir = dataDir;
    this.token = running.firstToken ?? '';
  }

  static async start(databaseUrl: string, more: StartOptions = {}): Promise<TestCentral> {
    const dataDir = more.dataDir ?? (await mkdtemp(join(tmpdir(), 'ambit-central-test-')));
    const env = {
      AMBIT_DATABASE_URL: databaseUrl,
      AMBIT_DATABASE_OWNER_URL: ownerUrlOf(databaseUrl),
      AMBIT_DATABASE_AUDIT_URL: auditUrlOf(databaseUrl),
      ...more.env,
    };
    const settings = await testSettings({ dataDir, ...more.flags }, env);
    const logger = new RecordingLogger();
    return new TestCentral(await serve(settings, logger as Logger), logger, dataDir);
  }

  async call(method: string, path: string, options: CallOptions = {}): Promise<Reply> {
    const { token = this.token, headers = {}, body } = options;
    const response = await fetch(`${this.running.restUrl}/api/v1${path}`, {
      method,
      headers: {
        ...(token === '' ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: textOf(body) }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: bodyOf(response, text) };
  }

  get(path: string, options?: CallOptions): Promise<Reply> {
    return this.call('GET', path, options);
  }

  /** Applies documents and throws when that is refused. */
  async apply(...objects: readonly object[]): Promise<Reply['body']> {
    const reply = await this.call('POST', '/apply', { body: { objects } });
    if (reply.status !== 200) throw new Error(JSON.stringify(reply.body));
    return reply.body;
  }

  async health(path: string): Promise<{ readonly status: number; readonly text: string }> {
    const response = await fetch(`${this.running.healthUrl}${path}`);
    return { status: response.status, text: await response.text() };
  }

  /** Where agents reach it. */
  get agentAddress(): string {
    return this.running.agentAddress ?? '';
  }

  /** Value of one line of `/metrics`. */
  async metric(line: string): Promise<number | undefined> {
    const { text } = await this.health('/metrics');
    const found = text.split('\n').find((each) => each.startsWith(`${line} `));
    return found === undefined ? undefined : Number(found.slice(line.length + 1));
  }

  /** `keepData`: for another start on the same folder. */
  async stop(keepData = false): Promise<void> {
    await this.running.stop();
    if (!keepData) await rm(this.dataDir, { recursive: true, force: true });
  }
}

const textOf = (body: unknown): string => (typeof body === 'string' ? body : JSON.stringify(body));

function bodyOf({ headers }: Response, text: string): unknown {
  const isJson = headers.get('content-type')?.includes('json') === true;
  return isJson && text !== '' ? JSON.parse(text) : text;
}

/** A session of a person that there is, as a way in would begin it. */
export async function signIn(
  policy: PolicyWriter,
  name: string,
  ttlMs = 3_600_000,
): Promise<{ readonly token: string; readonly id: string }> {
  const { value } = await policy.unit.run(
    { actor: { kind: 'system', name: 'test' } },
    async (tx) => {
      const found = await tx.users.find(name);
      if (found === null) throw new Error(`there is no user ${name}`);
      const principal = { kind: 'User', uid: found.uid, name } as const;
      return beginSession(tx, { principal, signedInBy: 'a test', address: '192.0.2.7', ttlMs });
    },
  );
  return { token: value.text, id: value.id };
}

/** The data folder of another replica of the same installation: it has the same keys. */
export async function replicaFolder(of: TestCentral): Promise<string> {
  const dataDir = await mkdtemp(join(tmpdir(), 'ambit-central-test-'));
  await cp(join(of.dataDir, 'central/keys'), join(dataDir, 'central/keys'), { recursive: true });
  return dataDir;
}

export async function testSettings(
  flags: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string>>,
): Promise<CentralSettings> {
  const { settings } = await loadSettings(centralSettings, {
    flags: {
      listen: '127.0.0.1:0',
      agentListen: '127.0.0.1:0',
      healthListen: '127.0.0.1:0',
      ...flags,
    },
    env,
  });
  return settings;
}

/** Policy documents as people write them. */
export const user = (name: string, spec: object = {}): object => document('User', name, spec);
export const group = (name: string, members: readonly string[]): object =>
  document('Group', name, { members });
export const cluster = (name: string, labels: object = {}): object => ({
  ...document('Cluster', name, {}),
  metadata: { name, labels },
});
export const role = (name: string, spec: object): object => document('Role', name, spec);

/** `view` in one namespace of the named clusters unless told. */
export const grant = (
  name: string,
  subjects: readonly object[],
  clusters: readonly string[],
  more: object = {},
): object =>
  document('Grant', name, {
    subjects,
    role: 'view',
    scope: { clusters: { names: clusters }, namespaces: { names: ['payments'] } },
    ...more,
  });

export function document(kind: string, name: string, spec: object): object {
  return { apiVersion, kind, metadata: { name }, spec };
}
