import { stringify } from 'yaml';
import type { KeyPair } from './certificates.ts';

export interface KubeconfigParts {
  readonly name: string;
  readonly server: string;
  readonly caPem: string;
  readonly user: string;
  readonly client: KeyPair;
}

/** YAML text of a kubeconfig with one context; every certificate is inside. */
export function kubeconfigText({ name, server, caPem, user, client }: KubeconfigParts): string {
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name, cluster: { server, 'certificate-authority-data': base64(caPem) } }],
    users: [
      {
        name: user,
        user: {
          'client-certificate-data': base64(client.certPem),
          'client-key-data': base64(client.keyPem),
        },
      },
    ],
    contexts: [{ name, context: { cluster: name, user } }],
    'current-context': name,
  });
}

function base64(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64');
}
