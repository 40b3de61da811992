import { rootCertificates } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  devClusterSettings,
  kubectl,
  kubernetesAtHand,
  startDevClusters,
} from '@ambit/dev-cluster';
import type { DevCluster, DevClusters } from '@ambit/dev-cluster';
import { audience, ExchangeScene, service } from './exchange.test-support.ts';

const settings = devClusterSettings(process.env);
const present = await kubernetesAtHand(settings);

(present === undefined ? describe.skip : describe)('a real cluster as an issuer', () => {
  let scene: ExchangeScene;
  let clusters: DevClusters;
  let cluster: DevCluster;

  const run = async (...args: string[]): Promise<string> => {
    const { exitCode, stdout, stderr } = await kubectl(cluster, args, { settings });
    if (exitCode !== 0) throw new Error(stderr);
    return stdout.trim();
  };
  const tokenOf = (account: string, wanted = audience): Promise<string> =>
    run(
      'create',
      'token',
      account,
      '--namespace=default',
      `--audience=${wanted}`,
      '--duration=10m',
    );

  beforeAll(async () => {
    scene = await ExchangeScene.start();
    clusters = await startDevClusters({ names: ['runners'], settings, forTests: true });
    cluster = clusters.cluster('runners');
    for (const account of ['deployer', 'other'])
      await run('create', 'serviceaccount', account, '--namespace=default');
    await run(
      ...['create', 'clusterrolebinding', 'anybody-reads-the-keys'],
      ...[
        '--clusterrole=system:service-account-issuer-discovery',
        '--group=system:unauthenticated',
      ],
    );
    const rule = {
      issuer: cluster.server,
      audience,
      claims: { sub: 'system:serviceaccount:default:deployer' },
      internal: true,
      reusable: true,
      caData: Buffer.from(cluster.caPem).toString('base64'),
    };
    await scene.central.apply(
      service('argo', [rule]),
      service('argo-once', [{ ...rule, reusable: false }]),
      service('argo-untrusted', [
        { ...rule, caData: Buffer.from(rootCertificates[0] ?? '').toString('base64') },
      ]),
    );
  });
  afterAll(async () => {
    await clusters?.stop();
    await scene?.stop();
  });

  test('a ServiceAccount of a real cluster comes in with its projected token', async () => {
    const token = await tokenOf('deployer');
    const { status, body } = await scene.exchange(token, 'argo');
    expect({ status, body }).toMatchObject({ status: 201, body: { actor: 'service/argo' } });
    expect((await scene.exchange(token, 'argo')).status).toBe(201);
    const me = await scene.central.get('/me', { token: body.token });
    expect(me.body.actor).toBe('service/argo');
  });

  test('its token is good once, unless the rule says that it is reusable', async () => {
    const token = await tokenOf('deployer');
    expect((await scene.exchange(token, 'argo-once')).status).toBe(201);
    expect((await scene.exchange(token, 'argo-once')).body.details).toEqual({ claim: 'jti' });
  });

  test('another ServiceAccount, and a token for the API server itself, do not', async () => {
    const other = await scene.exchange(await tokenOf('other'), 'argo');
    expect(other).toMatchObject({ status: 401, body: { details: { claim: 'sub' } } });
    const itself = await scene.exchange(await tokenOf('deployer', cluster.server), 'argo');
    expect(itself).toMatchObject({ status: 401, body: { details: { claim: 'aud' } } });
  });

  test('an API server with a certificate of another CA is not believed', async () => {
    const from = scene.elsewhere();
    const token = await tokenOf('deployer');
    expect((await scene.exchange(token, 'argo-untrusted', from)).status).toBe(503);
    expect((await scene.toldOf(from)).details['reason']).toContain('not issued by a CA known here');
  });
});
