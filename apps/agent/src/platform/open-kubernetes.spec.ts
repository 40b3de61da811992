import { expect, test } from '@jest/globals';
import { silentLogger } from '@ambit/testing';
import { kubernetesConnection, openKubernetes } from './open-kubernetes.ts';

test('KUBECONFIG is not read, and who set it is told so', async () => {
  const refused = { code: 'config_invalid', message: 'No cluster is named and this is no pod.' };
  await expect(kubernetesConnection({}, {})).rejects.toMatchObject({
    ...refused,
    extras: { hint: expect.stringContaining('--kubeconfig FILE') },
  });
  const environment = { KUBECONFIG: '/a:/b' };
  await expect(kubernetesConnection({}, environment)).rejects.toMatchObject({
    ...refused,
    extras: { why: expect.stringContaining('KUBECONFIG is for kubectl') },
  });
});

test('an agent that is stopped while it waits for the API server says so, and why it waited', async () => {
  const stop = new AbortController();
  const warned: unknown[] = [];
  const logger = {
    ...silentLogger,
    warn(_message: string, fields: object = {}) {
      warned.push(fields);
      stop.abort();
    },
  };
  const connection = {
    server: 'https://127.0.0.1:1',
    identity: async () => ({}),
    forget: () => undefined,
  };
  await expect(openKubernetes(connection, { logger, signal: stop.signal })).rejects.toMatchObject({
    code: 'kubernetes_unavailable',
    message: 'The agent was stopped before the API server at https://127.0.0.1:1 answered.',
    extras: { why: expect.stringContaining('nothing listens there') },
  });
  expect(warned).toHaveLength(1);
});
