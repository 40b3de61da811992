import { expect, test } from '@jest/globals';
import { kubernetesConnection } from './open-kubernetes.ts';

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
