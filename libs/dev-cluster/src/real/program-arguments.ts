import type { ClusterFiles } from './cluster-files.ts';

export interface ClusterPorts {
  readonly etcdClient: number;
  readonly etcdPeer: number;
  readonly server: number;
}

/** Arguments of etcd, one member on loopback that talks to holders of its own certificate only. */
export function etcdArguments(
  files: ClusterFiles,
  ports: ClusterPorts,
  forTests: boolean,
): string[] {
  const client = `https://127.0.0.1:${ports.etcdClient}`;
  const peer = `https://127.0.0.1:${ports.etcdPeer}`;
  const args = [
    '--name=dev',
    `--data-dir=${files.etcdData}`,
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=dev=${peer}`,
    '--client-cert-auth',
    `--trusted-ca-file=${files.etcdCa}`,
    `--cert-file=${files.etcdCert}`,
    `--key-file=${files.etcdKey}`,
    '--peer-client-cert-auth',
    `--peer-trusted-ca-file=${files.etcdCa}`,
    `--peer-cert-file=${files.etcdCert}`,
    `--peer-key-file=${files.etcdKey}`,
    '--log-level=warn',
    '--snapshot-count=10000',
  ];
  return forTests ? [...args, '--unsafe-no-fsync'] : args;
}

export function apiServerArguments(
  files: ClusterFiles,
  ports: ClusterPorts,
  asksWebhook: boolean,
): string[] {
  const webhook = [
    `--authentication-token-webhook-config-file=${files.tokenWebhook}`,
    '--authentication-token-webhook-version=v1',
    '--authentication-token-webhook-cache-ttl=2s',
  ];
  return [
    `--etcd-servers=https://127.0.0.1:${ports.etcdClient}`,
    `--etcd-cafile=${files.etcdCa}`,
    `--etcd-certfile=${files.etcdCert}`,
    `--etcd-keyfile=${files.etcdKey}`,
    '--bind-address=127.0.0.1',
    // An address in 127/8 may not be advertised, so nothing is.
    '--endpoint-reconciler-type=none',
    `--secure-port=${ports.server}`,
    `--tls-cert-file=${files.serverCert}`,
    `--tls-private-key-file=${files.serverKey}`,
    `--client-ca-file=${files.clusterCa}`,
    '--authorization-mode=RBAC',
    // Its tokens can be verified from outside, as those of clusters whose issuer has an address of its own.
    `--service-account-issuer=https://127.0.0.1:${ports.server}`,
    `--service-account-jwks-uri=https://127.0.0.1:${ports.server}/openid/v1/jwks`,
    `--service-account-key-file=${files.serviceAccountPublic}`,
    `--service-account-signing-key-file=${files.serviceAccountKey}`,
    '--service-cluster-ip-range=10.96.0.0/16',
    '--allow-privileged',
    '--profiling=false',
    ...(asksWebhook ? webhook : []),
  ];
}

const controllers = [
  'clusterrole-aggregation-controller',
  'namespace-controller',
  'serviceaccount-controller',
  'serviceaccount-token-controller',
  'garbage-collector-controller',
  'certificatesigningrequest-signing-controller',
  'certificatesigningrequest-approving-controller',
  'root-ca-certificate-publisher-controller',
  'validatingadmissionpolicy-status-controller',
  'resourcequota-controller',
];

/** Without these controllers view, edit and admin have no rules, namespaces never finish deletion, CSRs are not signed. */
export function controllerManagerArguments(files: ClusterFiles): string[] {
  return [
    `--kubeconfig=${files.controllerKubeconfig}`,
    `--authentication-kubeconfig=${files.controllerKubeconfig}`,
    `--authorization-kubeconfig=${files.controllerKubeconfig}`,
    '--use-service-account-credentials',
    '--leader-elect=false',
    `--service-account-private-key-file=${files.serviceAccountKey}`,
    `--root-ca-file=${files.clusterCa}`,
    `--cluster-signing-cert-file=${files.clusterCa}`,
    `--cluster-signing-key-file=${files.clusterCaKey}`,
    `--controllers=${controllers.join(',')}`,
    // Nobody asks it anything, and a port less is a port that cannot be taken.
    '--secure-port=0',
    '--profiling=false',
  ];
}
