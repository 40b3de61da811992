import { agentAccount, rbacApi } from './api-server-world.ts';

export const ourLabels = {
  'ambit.dev/managed-by': 'ambit',
  'ambit.dev/cluster': 'cluster',
  'ambit.dev/installation': 'installation',
};

const pod = { containers: [{ name: 'main', image: 'none' }], hostPID: true };
const meta = { name: 'hostile' };
const template = { metadata: { labels: { app: 'x' } }, spec: { ...pod, restartPolicy: 'Never' } };
const core = '/api/v1/namespaces/payments';
const system = '/api/v1/namespaces/kube-system';
const csr = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
const admission = '/apis/admissionregistration.k8s.io/v1';
const token = (path: string): [string, string, object] => [
  'POST',
  `${path}/token`,
  { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} },
];
const kept = { selector: { matchLabels: { app: 'x' } }, template };
const webhooks = [
  {
    name: 'hostile.acme.io',
    clientConfig: { url: 'https://127.0.0.1:1' },
    sideEffects: 'None',
    admissionReviewVersions: ['v1'],
  },
];

/** Method, path and body of writes to everything else that the API server has. */
export const otherWrites: readonly (readonly [string, string, object?])[] = [
  token(`${system}/serviceaccounts/clusterrole-aggregation-controller`),
  token(`${system}/serviceaccounts/default`),
  token(`${core}/serviceaccounts/default`),
  ['POST', `${core}/serviceaccounts`, { metadata: meta }],
  ['POST', '/api/v1/namespaces/ambit-system/serviceaccounts', { metadata: { name: agentAccount } }],
  ['PATCH', `${core}/serviceaccounts/default`, { secrets: [{ name: 'password' }] }],
  ['DELETE', `${core}/serviceaccounts/default`],
  ['POST', `${core}/secrets`, { metadata: meta }],
  [
    'POST',
    `${system}/secrets`,
    {
      metadata: { ...meta, annotations: { 'kubernetes.io/service-account.name': 'default' } },
      type: 'kubernetes.io/service-account-token',
    },
  ],
  ['PATCH', `${core}/secrets/password`, { stringData: { a: 'b' } }],
  ['DELETE', `${core}/secrets/password`],
  ['POST', `${core}/configmaps`, { metadata: meta }],
  ['PATCH', `${core}/configmaps/app`, { data: { a: 'b' } }],
  ['PATCH', `${system}/configmaps/extension-apiserver-authentication`, { data: { x: 'y' } }],
  ['POST', `${core}/pods`, { metadata: meta, spec: pod }],
  ['POST', `${system}/pods`, { metadata: meta, spec: { ...pod, serviceAccountName: 'default' } }],
  ['PATCH', `${core}/pods/web`, { metadata: { labels: ourLabels } }],
  ['DELETE', `${core}/pods/web`],
  [
    'PATCH',
    `${core}/pods/web/ephemeralcontainers`,
    { spec: { ephemeralContainers: [{ name: 'in', image: 'x' }] } },
  ],
  [
    'POST',
    `${core}/pods/web/eviction`,
    { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'web' } },
  ],
  ['POST', `${core}/pods/web/binding`, { metadata: { name: 'web' }, target: { name: 'node-1' } }],
  ['PATCH', `${core}/pods/web/status`, { status: { phase: 'Running' } }],
  ['POST', `${core}/pods/web/exec?command=id`],
  ['GET', `${core}/pods/web/exec?command=id`],
  ['GET', `${core}/pods/web/attach`],
  ['POST', `${core}/pods/web/portforward`],
  ['GET', `${core}/pods/web/proxy/`],
  ['GET', `${core}/services/web/proxy/`],
  ['GET', '/api/v1/nodes/node-1/proxy/pods'],
  ['POST', '/api/v1/nodes/node-1/proxy/run/x'],
  ['PATCH', '/api/v1/nodes/node-1', { spec: { unschedulable: true } }],
  ['PATCH', '/api/v1/nodes/node-1/status', { status: { capacity: { cpu: '99' } } }],
  ['POST', '/apis/apps/v1/namespaces/payments/deployments', { metadata: meta, spec: kept }],
  ['PATCH', '/apis/apps/v1/namespaces/payments/deployments/web', { spec: { replicas: 9 } }],
  ['PATCH', '/apis/apps/v1/namespaces/payments/deployments/web/scale', { spec: { replicas: 9 } }],
  ['POST', '/apis/apps/v1/namespaces/kube-system/daemonsets', { metadata: meta, spec: kept }],
  ['POST', '/apis/batch/v1/namespaces/kube-system/jobs', { metadata: meta, spec: { template } }],
  ['POST', '/api/v1/namespaces', { metadata: meta }],
  ['PATCH', '/api/v1/namespaces/payments', { metadata: { labels: { team: 'mine' } } }],
  ['PUT', '/api/v1/namespaces/payments/finalize', { metadata: { name: 'payments' } }],
  ['DELETE', '/api/v1/namespaces/payments'],
  [
    'POST',
    csr,
    {
      metadata: meta,
      spec: {
        request: 'YQ==',
        signerName: 'kubernetes.io/kube-apiserver-client',
        usages: ['client auth'],
      },
    },
  ],
  ['POST', `${rbacApi}/namespaces/payments/roles`, { metadata: meta, rules: [] }],
  [
    'POST',
    '/apis/apiextensions.k8s.io/v1/customresourcedefinitions',
    {
      metadata: { name: 'takes.hostile.io' },
      spec: {
        group: 'hostile.io',
        scope: 'Cluster',
        names: { plural: 'takes', singular: 'take', kind: 'Take' },
        versions: [
          {
            name: 'v1',
            served: true,
            storage: true,
            schema: { openAPIV3Schema: { type: 'object' } },
          },
        ],
      },
    },
  ],
  [
    'POST',
    '/apis/apiregistration.k8s.io/v1/apiservices',
    {
      metadata: { name: 'v1.hostile.io' },
      spec: {
        group: 'hostile.io',
        version: 'v1',
        groupPriorityMinimum: 1,
        versionPriority: 1,
        insecureSkipTLSVerify: true,
        service: { namespace: 'payments', name: 'web' },
      },
    },
  ],
  ['DELETE', '/apis/apiregistration.k8s.io/v1/apiservices/v1.apps'],
  ['POST', `${admission}/mutatingwebhookconfigurations`, { metadata: meta, webhooks }],
  ['DELETE', `${admission}/validatingadmissionpolicies/ambit-agent-gate`],
  ['DELETE', `${admission}/validatingadmissionpolicybindings/ambit-agent-ceiling`],
  [
    'PATCH',
    `${admission}/validatingadmissionpolicybindings/ambit-agent-gate`,
    { spec: { validationActions: ['Warn'] } },
  ],
  [
    'POST',
    '/api/v1/persistentvolumes',
    {
      metadata: meta,
      spec: {
        capacity: { storage: '1Gi' },
        accessModes: ['ReadWriteOnce'],
        hostPath: { path: '/' },
      },
    },
  ],
  [
    'POST',
    '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases',
    { metadata: meta, spec: {} },
  ],
  ['POST', `${core}/endpoints`, { metadata: meta }],
  ['POST', `${core}/services`, { metadata: meta, spec: { ports: [{ port: 1 }] } }],
  ['POST', '/apis/scheduling.k8s.io/v1/priorityclasses', { metadata: meta, value: 1 }],
  [
    'POST',
    '/apis/networking.k8s.io/v1/namespaces/payments/networkpolicies',
    { metadata: meta, spec: { podSelector: {} } },
  ],
  [
    'POST',
    `${core}/events`,
    { metadata: meta, involvedObject: { namespace: 'payments' }, reason: 'x', type: 'Normal' },
  ],
];
