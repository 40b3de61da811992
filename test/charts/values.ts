import { defaultCeiling } from '@ambit/rbac';
import type { Chart } from './render.ts';

const scheduling = {
  nodeSelector: { 'kubernetes.io/os': 'linux' },
  tolerations: [{ key: 'a', operator: 'Exists', effect: 'NoSchedule' }],
  affinity: {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [{ matchExpressions: [{ key: 'a', operator: 'Exists' }] }],
      },
    },
  },
  podAnnotations: { a: 'no' },
  podLabels: { b: 'true' },
};
const monitoring = [{ namespaceSelector: { matchLabels: { name: 'monitoring' } } }];
const image = {
  repository: 'registry.example.com/ambit',
  digest: `sha256:${'0123456789abcdef'.repeat(4)}`,
};
const podReader = { apiGroups: [''], resources: ['pods', 'pods/log'], verbs: ['get', 'list'] };
const ceiling = (more: object): object => ({ ceiling: { ...defaultCeiling, ...more } });

/** Ways in which an owner may set the agent up, by what is special. */
export const agentValues: Readonly<Record<string, object>> = {
  'nothing given': {},
  'a first start': {
    server: 'ambit.example.com:7443',
    joinToken: { existingSecret: 'join', key: 'jt' },
  },
  'cluster scope': ceiling({ clusterScope: true }),
  'no ClusterRole at all': ceiling({ allowedClusterRoles: [] }),
  'names out of order, and more of everything': ceiling({
    allowedClusterRoles: ['view', 'admin', 'edit'],
    protectedNamespaces: ['zeta', 'alpha'],
    subjectPrefixes: ['team:', 'ambit:'],
    breakGlass: ['emergency'],
    removalGuard: { share: 0.5, moreThan: 3 },
  }),
  'rules of its own': ceiling({
    customRoles: { rules: [podReader, { nonResourceURLs: ['/metrics'], verbs: ['get'] }] },
  }),
  'client certificates': ceiling({ credentials: ['ClientCertificate'] }),
  'ServiceAccounts of people': ceiling({ credentials: ['ServiceAccountToken'] }),
  'namespaces of teams': ceiling({
    namespaces: {
      manage: ['pay-*', 'shop'],
      labels: ['tier', 'cost-center'],
      weakestPodSecurity: 'restricted',
    },
  }),
  'every way in, with the webhook': {
    ...ceiling({ credentials: ['TokenWebhook', 'ServiceAccountToken', 'ClientCertificate'] }),
    webhook: { enabled: true, port: 9443, tlsSecret: 'hook' },
    replicaCount: 1,
  },
  'everything else': {
    ...scheduling,
    image,
    imagePullSecrets: [{ name: 'pull' }],
    priorityClassName: 'system-cluster-critical',
    persistence: { size: '5Gi', storageClassName: 'fast' },
    replicaCount: 3,
    topologySpreadConstraints: [
      {
        maxSkew: 1,
        topologyKey: 'topology.kubernetes.io/zone',
        whenUnsatisfiable: 'DoNotSchedule',
      },
    ],
    proxy: { url: 'http://proxy.example.com:3128', except: '10.0.0.0/8' },
    networkPolicy: { metricsFrom: monitoring, egress: [{ ports: [{ port: 443 }] }] },
    metrics: { serviceMonitor: { enabled: true, labels: { release: 'prometheus' } } },
  },
};

const database = { existingSecret: 'db' };
const many = { database, keys: { existingSecret: 'keys' } };
const host = 'ambit.example.com';

/** Ways in which a platform team may set central up. */
export const centralValues: Readonly<Record<string, object>> = {
  'one replica that makes its keys': { database, replicaCount: 1 },
  'two replicas': many,
  'five with Redis': { ...many, replicaCount: 5, redis: { existingSecret: 'redis' } },
  'TLS of its own behind a load balancer': {
    ...many,
    tls: { existingSecret: 'tls' },
    service: { rest: { type: 'LoadBalancer' }, agents: { type: 'LoadBalancer', port: 443 } },
    publicUrl: `https://${host}`,
    agents: { address: `agents.${host}:443`, names: [`agents.${host}`] },
  },
  'an ingress': {
    ...many,
    ingress: { enabled: true, className: 'nginx', host, tlsSecret: 'tls', annotations: { a: 'b' } },
    proxy: { trusted: ['10.0.0.0/8', 'fd00::/8'] },
  },
  'a gateway': {
    ...many,
    gatewayApi: { enabled: true, parentRefs: [{ name: 'g' }], host, agentsHost: `agents.${host}` },
  },
  'watched by Prometheus': {
    ...many,
    metrics: {
      serviceMonitor: { enabled: true },
      prometheusRule: { enabled: true },
      dashboards: { enabled: true, labels: { folder: 'ambit' } },
    },
    networkPolicy: { metricsFrom: monitoring, restFrom: monitoring, agentsFrom: monitoring },
  },
  'a database that others migrate': {
    ...many,
    database: { ...database, auditUrlKey: '', migration: { enabled: false }, rights: 'warn' },
  },
  'the gRPC API for other programs': {
    ...many,
    grpc: { enabled: true },
    service: { grpc: { type: 'LoadBalancer', port: 443, annotations: { a: 'b' } } },
    tls: { existingSecret: 'tls' },
    networkPolicy: { grpcFrom: monitoring },
  },
  'a backup every night, and a CA and a password in files': {
    ...many,
    database: { ...database, files: { existingSecret: 'db-files' } },
    backup: { enabled: true },
  },
  'backups in a volume of yours': {
    ...many,
    backup: { enabled: true, schedule: '@hourly', keep: 48, persistence: { existingClaim: 'b' } },
  },
  'workers apart': { ...many, roles: ['worker'], limits: { waitingCalls: 100000 } },
  'everything else': {
    ...many,
    ...scheduling,
    image,
    imagePullSecrets: [{ name: 'pull' }],
    priorityClassName: 'system-cluster-critical',
    identityProviders: { existingSecret: 'idp' },
    topologySpreadConstraints: [
      {
        maxSkew: 1,
        topologyKey: 'topology.kubernetes.io/zone',
        whenUnsatisfiable: 'DoNotSchedule',
      },
    ],
    networkPolicy: { egress: [{ ports: [{ port: 5432 }] }] },
    podDisruptionBudget: { maxUnavailable: 2 },
  },
};

type Wrong = readonly [values: object, named: RegExp];
const wrongCeiling = (more: object, named: RegExp): Wrong => [ceiling(more), named];

/** What no chart takes, and what it has to name when it refuses. */
export const wrongValues: Readonly<Record<Chart, Readonly<Record<string, Wrong>>>> = {
  'ambit-agent': {
    'a misspelt value': [{ celing: {} }, /celing/],
    'a misspelt limit': [{ ceiling: { clusterscope: true } }, /clusterscope/],
    'no replica': [{ replicaCount: 0 }, /replicaCount/],
    'two replicas that answer for tokens': [{ webhook: { enabled: true } }, /replicaCount=1/],
    'case 34: "false" as text': wrongCeiling({ clusterScope: 'false' }, /clusterScope/),
    'a server without port': [{ server: 'ambit.example.com' }, /server/],
    'a join token in the values': [{ joinToken: 'ambit_join_x' }, /joinToken/],
    'a wildcard of verbs': wrongCeiling(
      { customRoles: { rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['*'] }] } },
      /customRoles/,
    ),
    'a rule without verbs': wrongCeiling(
      { customRoles: { rules: [{ resources: ['pods'] }] } },
      /verbs/,
    ),
    'a way in that there is not': wrongCeiling({ credentials: ['Password'] }, /credentials/),
    'a namespace that there is not': wrongCeiling({ namespaces: { manage: ['*'] } }, /manage/),
    'a share of more than all': wrongCeiling({ removalGuard: { share: 30 } }, /share/),
    'an empty prefix': wrongCeiling({ subjectPrefixes: [''] }, /subjectPrefixes/),
    'a password in the URL of a proxy': [{ proxy: { url: 'http://me:pw@proxy' } }, /proxy/],
  },
  'ambit-central': {
    'no database': [{ keys: { existingSecret: 'k' } }, /existingSecret/],
    'a database URL in the values': [{ ...many, databaseUrl: 'postgres://u:p@h/d' }, /databaseUrl/],
    'two replicas with keys of their own': [{ database }, /keys\.existingSecret/],
    'no replica': [{ ...many, replicaCount: 0 }, /replicaCount/],
    'plain HTTP for people': [{ ...many, publicUrl: 'http://ambit.example.com' }, /publicUrl/],
    'a public URL with a path': [{ ...many, publicUrl: 'https://example.com/ambit' }, /publicUrl/],
    'an ingress without host': [{ ...many, ingress: { enabled: true } }, /host/],
    'a gateway without parent': [{ ...many, gatewayApi: { enabled: true, host } }, /parentRefs/],
    'backups without the keys': [
      { database, replicaCount: 1, backup: { enabled: true } },
      /backup\.enabled needs keys\.existingSecret/,
    ],
    'a schedule that is none': [
      { ...many, backup: { enabled: true, schedule: 'every night' } },
      /schedule/,
    ],
    'no backup to keep': [{ ...many, backup: { enabled: true, keep: 0 } }, /keep/],
    'no role': [{ ...many, roles: [] }, /roles/],
    'rights that are looked away from': [
      { ...many, database: { ...database, rights: 'ignore' } },
      /rights/,
    ],
    'a digest that is none': [{ ...many, image: { digest: 'latest' } }, /digest/],
    'a boolean annotation': [{ ...many, podAnnotations: { a: true } }, /podAnnotations/],
  },
};

interface NoteRow {
  readonly chart: Chart;
  readonly what: string;
  readonly values: object;
  readonly says: readonly string[];
  readonly never: readonly string[];
}
const rollout = 'kubectl -n ambit rollout status deployment/ambit-central\n';
const adminAt = (url: string): string[] => [
  'exec deployment/ambit-central -- ambit-central admin create YOUR-NAME\n',
  `your password at ${url}.\n`,
];
const keysApart = 'Make a Secret of them';
const portForward = 'port-forward service/ambit-central 7080:443\n';
const here = 'ambit-central-agents.ambit:7443';

/** What the notes of a chart say with values, and what they do not. */
export const noteRows: readonly NoteRow[] = [
  {
    chart: 'ambit-central',
    what: 'no address for people',
    values: { database, replicaCount: 1 },
    says: [rollout, portForward, 'login http://127.0.0.1:7080 --token-file', here, keysApart],
    never: ['admin create', '--ca-file'],
  },
  {
    chart: 'ambit-central',
    what: 'no address for people, and a certificate',
    values: { ...many, tls: { existingSecret: 'tls' } },
    says: [rollout, portForward, 'https://127.0.0.1:7080 --token-file my.token --ca-file FILE\n'],
    never: [keysApart],
  },
  {
    chart: 'ambit-central',
    what: 'addresses of its own',
    values: { ...many, publicUrl: `https://${host}`, agents: { address: `agents.${host}:443` } },
    says: [...adminAt(`https://${host}`), `joins at agents.${host}:443.\n`],
    never: ['port-forward', 'in this cluster alone', keysApart],
  },
  {
    chart: 'ambit-central',
    what: 'an ingress',
    values: { ...many, ingress: { enabled: true, host } },
    says: adminAt(`https://${host}`),
    never: ['port-forward'],
  },
  {
    chart: 'ambit-agent',
    what: 'nothing given',
    values: {},
    says: ['It knows no central: set server', 'rollout status statefulset/ambit-agent\n'],
    never: ['WITHOUT', 'print-rbac'],
  },
  {
    chart: 'ambit-agent',
    what: 'no token',
    values: { server: here },
    says: ['It has no join token'],
    never: ['It knows no central'],
  },
  {
    chart: 'ambit-agent',
    what: 'all for a first start, and neither rights nor policies',
    values: {
      server: here,
      joinToken: { existingSecret: 'join' },
      rbac: { create: false },
      admissionPolicies: { enabled: false },
    },
    says: ['WITHOUT ADMISSION POLICIES', 'bound to system:serviceaccount:ambit-system:ambit-agent'],
    never: ['join token', 'It knows no central'],
  },
];
