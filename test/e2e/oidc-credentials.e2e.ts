import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { createServer } from 'node:https';
import type { Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { importJWK, SignJWT, UnsecuredJWT } from 'jose';
import type { JWK, JWTPayload } from 'jose';
import { devClusterSettings, kubernetesAtHand, startDevClusters } from '@ambit/dev-cluster';
import type { DevClusters } from '@ambit/dev-cluster';
import { findInstallation, listIssuerKeys } from '@ambit/persistence';
import { eventually, PolicyWriter, testDatabase } from '@ambit/testing';
import type { TestDatabase } from '@ambit/testing';
import { document, grant, signIn } from '../../apps/central/src/central.test-support.ts';
import { TestCentral, testSettings, user } from '../../apps/central/src/central.test-support.ts';
import { rotateIssuerKeys } from '../../apps/central/src/maintenance/rotate-issuer-keys.ts';
import { Seal } from '../../apps/central/src/platform/keys/sealing.ts';
import { runCaptured } from '../../apps/cli/src/captured-run.test-support.ts';
import { createAuthority } from '../../libs/dev-cluster/src/access/certificates.ts';
import { RawKube } from '../support/raw-kube.ts';

const real = (await kubernetesAtHand(devClusterSettings(process.env))) !== undefined;

/** Ends TLS in front of central, as a proxy of an installation does: API servers take no issuer without it. */
async function openFront(target: () => string, pair: { certPem: string; keyPem: string }) {
  const server = createServer({ cert: pair.certPem, key: pair.keyPem }, (from, to) => {
    const onward = request(`${target()}${from.url}`, { method: from.method }, (answer) => {
      to.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(to);
    });
    onward.on('error', () => to.writeHead(502).end());
    from.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

const access = (via: string): object => ({ access: { credential: 'Token', via } });

(real ? describe : describe.skip)('a real API server with what auth-config prints', () => {
  let db: TestDatabase;
  let central: TestCentral;
  let front: Server;
  let publicUrl: string;
  let folder: string;
  let clusters: DevClusters;
  let policy: PolicyWriter;
  let uid: string;

  beforeAll(async () => {
    db = await testDatabase();
    policy = new PolicyWriter(db.database);
    folder = await mkdtemp(join(tmpdir(), 'ambit-oidc-'));
    const authority = await createAuthority('front');
    front = await openFront(() => central.running.restUrl ?? '', await authority.serving('front'));
    publicUrl = `https://127.0.0.1:${(front.address() as AddressInfo).port}`;
    central = await TestCentral.start(db.url, { env: { AMBIT_PUBLIC_URL: publicUrl } });
    await central.apply(
      user('ada'),
      document('Cluster', 'prod', access('OIDC')),
      document('Cluster', 'other', access('OIDC')),
      document('Cluster', 'hooked', access('Webhook')),
      grant('ada-in', [{ user: 'ada' }], ['prod', 'other', 'hooked']),
    );
    uid = (await central.get('/clusters/prod')).body.metadata.uid;
    const ca = join(folder, 'ca.crt');
    await writeFile(ca, authority.certPem);
    const printed = await runCaptured(['cluster', 'auth-config', 'prod', '--issuer-ca', ca], {
      env: {
        AMBIT_CONFIG_DIR: folder,
        AMBIT_SERVER: central.running.restUrl ?? '',
        AMBIT_TOKEN: central.token,
      },
    });
    expect(printed).toMatchObject({ code: 0 });
    const config = join(folder, 'authentication.yaml');
    await writeFile(config, printed.out);
    clusters = await startDevClusters({
      names: ['prod'],
      settings: devClusterSettings(process.env),
      forTests: true,
      apiServerFlags: [`--authentication-config=${config}`],
    });
  });
  afterAll(async () => {
    await clusters?.stop();
    await central?.stop();
    await new Promise((resolve) => front?.close(resolve));
    await db?.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** Who the API server takes the holder of a token for; undefined for nobody. */
  async function seenAs(token: string): Promise<unknown> {
    const kube = await RawKube.open(clusters.cluster('prod').adminKubeconfig, token);
    try {
      const { status, body } = await kube.send({
        method: 'POST',
        path: '/apis/authentication.k8s.io/v1/selfsubjectreviews',
        body: { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' },
      });
      if (status === 401) return undefined;
      expect(status).toBe(201);
      return (body['status'] as { userInfo: unknown }).userInfo;
    } finally {
      kube.close();
    }
  }

  async function issued(cluster: string, session: string): Promise<string> {
    const { status, body } = await central.call('POST', '/credentials', {
      token: session,
      body: { cluster },
    });
    expect(status).toBe(201);
    return body.token;
  }

  /** A token that only central could have signed, with other claims than central writes. */
  async function forged(more: JWTPayload): Promise<string> {
    const [key] = await listIssuerKeys(db.database);
    const installation = await findInstallation(db.database);
    const secret = await readFile(join(central.dataDir, 'central/keys/sealing.key'), 'utf8');
    const seal = new Seal(
      Buffer.from(secret.trim(), 'hex'),
      installation?.uid ?? '',
      'issuer keys',
    );
    const { kid = '', sealed = new Uint8Array() } = key ?? {};
    const jwk = JSON.parse(seal.open(sealed, kid)) as JWK;
    return new SignJWT(claims(more))
      .setProtectedHeader({ alg: 'ES256', kid })
      .sign(await importJWK(jwk, 'ES256'));
  }

  const seconds = (): number => Math.floor(Date.now() / 1000);
  const claims = (more: JWTPayload): JWTPayload => ({
    iss: `${publicUrl}/oidc`,
    aud: `ambit:${uid}`,
    sub: 'somebody',
    name: 'ambit:ada',
    jti: 'one',
    sid: 'session',
    iat: seconds(),
    exp: seconds() + 600,
    ...more,
  });

  test('takes a token of ours, by the name that bindings have', async () => {
    const { token: session, id } = await signIn(policy, 'ada');
    const token = await issued('prod', session);
    const { body } = await central.get('/users/ada');
    await eventually(async () => expect(await seenAs(token)).toBeDefined());
    expect(await seenAs(token)).toMatchObject({
      username: 'ambit:ada',
      uid: body.metadata.uid,
      groups: ['system:authenticated'],
      extra: {
        'ambit.dev/session': [id],
        'authentication.kubernetes.io/credential-id': [expect.stringMatching(/^JTI=/)],
      },
    });
    // What the refusals below differ from is taken: each of them is refused for that one difference.
    expect(await seenAs(await forged({}))).toMatchObject({ username: 'ambit:ada' });
  });

  test('refuses tokens for another cluster and for the webhook', async () => {
    const { token: session } = await signIn(policy, 'ada');
    expect(await seenAs(await issued('other', session))).toBeUndefined();
    expect(await seenAs(await issued('hooked', session))).toBeUndefined();
  });

  test.each<[string, () => JWTPayload]>([
    ['expired', () => ({ iat: seconds() - 700, exp: seconds() - 100 })],
    ['longer than an hour', () => ({ exp: seconds() + 3_700 })],
    ['of the webhook, for this cluster', () => ({ iss: `${publicUrl}/webhook` })],
    ['for nobody', () => ({ name: '' })],
    ['for the prefix alone', () => ({ name: 'ambit:' })],
    ['for a name without prefix', () => ({ name: 'ada' })],
    ['for a name of Kubernetes', () => ({ name: 'system:admin' })],
    ['with a group of Kubernetes', () => ({ groups: ['system:masters'] })],
    ['with a group without prefix', () => ({ groups: ['ambit:devs', 'devs'] })],
  ])('refuses a token %s', async (_, more) => {
    expect(await seenAs(await forged(more()))).toBeUndefined();
  });

  test('refuses a token that nobody signed', async () => {
    expect(await seenAs(new UnsecuredJWT(claims({})).encode())).toBeUndefined();
  });

  test('takes the new key half a minute after a stolen one was withdrawn, and then refuses the old one', async () => {
    const { token: session } = await signIn(policy, 'ada');
    const before = await issued('prod', session);
    expect(await seenAs(before)).toBeDefined();
    const settings = await testSettings(
      { dataDir: central.dataDir },
      { AMBIT_DATABASE_URL: db.url },
    );
    await rotateIssuerKeys(settings, { atOnce: true, write: () => undefined });
    const kidOf = (token: string): unknown =>
      JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString())['kid'];
    await eventually(async () =>
      expect(kidOf(await issued('prod', session))).not.toBe(kidOf(before)),
    );
    // It asks for the keys again half a minute after it did the last time.
    const after = await issued('prod', session);
    await eventually(async () => expect(await seenAs(after)).toBeDefined(), {
      withinMs: 40_000,
      everyMs: 500,
    });
    // And it remembers whom it let in for ten seconds.
    await eventually(async () => expect(await seenAs(before)).toBeUndefined(), {
      everyMs: 500,
    });
  });
});
