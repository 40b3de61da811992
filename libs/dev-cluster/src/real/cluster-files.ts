import { generateKeyPairSync } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createAuthority, type Authority, type KeyPair } from '../access/certificates.ts';
import { kubeconfigText } from '../access/kubeconfig.ts';

/** Paths of what the programs of one cluster read and write. */
export interface ClusterFiles {
  readonly folder: string;
  readonly etcdData: string;
  readonly etcdCa: string;
  readonly etcdCert: string;
  readonly etcdKey: string;
  readonly clusterCa: string;
  readonly clusterCaKey: string;
  readonly serverCert: string;
  readonly serverKey: string;
  readonly serviceAccountKey: string;
  readonly serviceAccountPublic: string;
  readonly controllerKubeconfig: string;
  readonly tokenWebhook: string;
}

export interface ClusterTrust {
  readonly authority: Authority;
  readonly admin: KeyPair;
  readonly controllerManager: KeyPair;
}

export function clusterFiles(folder: string): ClusterFiles {
  const at = (name: string): string => join(folder, 'pki', name);
  return {
    folder,
    etcdData: join(folder, 'etcd'),
    etcdCa: at('etcd-ca.crt'),
    etcdCert: at('etcd.crt'),
    etcdKey: at('etcd.key'),
    clusterCa: at('ca.crt'),
    clusterCaKey: at('ca.key'),
    serverCert: at('server.crt'),
    serverKey: at('server.key'),
    serviceAccountKey: at('service-account.key'),
    serviceAccountPublic: at('service-account.pub'),
    controllerKubeconfig: join(folder, 'controller-manager.kubeconfig'),
    tokenWebhook: join(folder, 'token-webhook.kubeconfig'),
  };
}

/** Fills the cluster's folder with fresh keys and certificates. */
export async function writeClusterFiles(
  files: ClusterFiles,
  tokenWebhook?: string,
): Promise<ClusterTrust> {
  for (const name of ['pki', 'etcd']) {
    await mkdir(join(files.folder, name), { mode: 0o700 });
  }
  // etcd knows no RBAC: whoever its authority signed may write anything, so it has an authority of its own.
  const [etcdAuthority, authority] = await Promise.all([
    createAuthority('etcd'),
    createAuthority('kubernetes'),
  ]);
  const etcd = await etcdAuthority.serving('etcd');
  const server = await authority.serving('kube-apiserver');
  const accounts = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  const texts: readonly (readonly [string, string])[] = [
    [files.etcdCa, etcdAuthority.certPem],
    [files.etcdCert, etcd.certPem],
    [files.etcdKey, etcd.keyPem],
    [files.clusterCa, authority.certPem],
    [files.clusterCaKey, authority.keyPem],
    [files.serverCert, server.certPem],
    [files.serverKey, server.keyPem],
    [files.serviceAccountKey, accounts.privateKey],
    [files.serviceAccountPublic, accounts.publicKey],
    ...(tokenWebhook === undefined ? [] : [[files.tokenWebhook, tokenWebhook] as const]),
  ];
  for (const [path, text] of texts) await writeFile(path, text, { mode: 0o600 });
  return {
    authority,
    admin: await authority.client({ user: 'admin', groups: ['system:masters'] }),
    controllerManager: await authority.client({ user: 'system:kube-controller-manager' }),
  };
}

/** Written when the port of the API server is known. */
export async function writeControllerKubeconfig(
  files: ClusterFiles,
  server: string,
  trust: ClusterTrust,
): Promise<void> {
  const text = kubeconfigText({
    name: 'controller-manager',
    server,
    caPem: trust.authority.certPem,
    user: 'controller-manager',
    client: trust.controllerManager,
  });
  await writeFile(files.controllerKubeconfig, text, { mode: 0o600 });
}
