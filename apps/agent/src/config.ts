import {
  address,
  choice,
  dataFolder,
  defineSettings,
  parseAddress,
  path,
  secret,
  setting,
  text,
  texts,
  toggle,
  unusable,
} from '@ambit/config';
import type { Address, SettingsOf } from '@ambit/config';
import { logFormats, logLevels } from '@ambit/observability';

/** Every setting of `ambit-agent`. */
export const agentSettings = defineSettings(
  'ambit-agent',
  {
    kubeconfig: path({
      describe: 'Kubeconfig of the cluster; without it the ServiceAccount of the pod',
    }),
    context: text({ describe: 'Context of the kubeconfig; without it its current context' }),
    server: address({
      describe: 'Where central listens for agents; once enrolled, the last one is remembered',
      env: 'AMBIT_AGENT_SERVER',
    }),
    joinToken: secret({
      describe:
        'Token of "ambit cluster add", needed once; better from a file or, with -, standard input, as command lines are no secret',
      env: 'AMBIT_JOIN_TOKEN',
      flag: 'join-token',
    }),
    ceiling: path({
      describe: 'File with the most that central may ever give here; without it the defaults',
    }),
    account: text({
      describe:
        'User name the API server knows the agent by, for print-policy and print-rbac; "kubectl auth whoami" prints it',
    }),
    namespace: text({
      describe: 'Namespace of the agent itself, always protected; a ServiceAccount tells its own',
    }),
    leaderElect: toggle({
      describe:
        'Act only while holding the Lease ambit-agent in the namespace of its ServiceAccount, so that several replicas can run',
    }),
    dataDir: dataFolder('Folder for identity, accepted state and audit events'),
    healthListen: setting(
      {
        describe: 'Where health and metrics are served; port 0 takes a free one, off serves none',
        default: '127.0.0.1:7082',
      },
      'host:port|off',
      (raw): { value: Address | 'off' } | { expected: string } => {
        if (raw === 'off' || raw === 'none') return { value: 'off' };
        const value = parseAddress(raw);
        return value === undefined
          ? unusable('host:port, such as 127.0.0.1:7082, or off')
          : { value };
      },
    ),
    healthNames: texts({
      describe:
        'Host names by which health and metrics are asked for, beside addresses and localhost',
      default: 'localhost',
    }),
    webhookListen: address({
      describe:
        'Where the API server asks whose a token is (host:port), when the ceiling allows it; without it nobody may ask',
    }),
    webhookAddress: address({
      describe:
        'Where the API server reaches that (host:port), for print-webhook-config; without it where it listens',
    }),
    webhookCertificate: path({
      describe:
        'File with the certificate of the webhook, PEM, leaf first; without it the agent makes its own',
    }),
    webhookKey: path({ describe: 'File with the private key of that certificate, PEM' }),
    webhookCa: path({
      describe:
        'File with the CA that issued that certificate, PEM, for print-webhook-config; without it the certificate itself',
    }),
    logLevel: choice(logLevels, { describe: 'Least level that is logged', default: 'info' }),
    logFormat: choice(logFormats, { describe: 'How log lines look', default: 'auto' }),
  },
  {
    check: ({ webhookCertificate, webhookKey }) =>
      (webhookCertificate === undefined) === (webhookKey === undefined)
        ? []
        : ['--webhook-certificate and --webhook-key belong together: give both or none.'],
    notes: [
      'A kubeconfig is one file. `KUBECONFIG`, which may list several for kubectl, is not read: a shell that was set up for kubectl does not decide with whose rights an agent works. `kubectl config view --flatten --minify` makes one file of several.',
      '`HTTPS_PROXY` (or `https_proxy`) names an HTTP proxy through which central is reached, and `NO_PROXY` (or `no_proxy`) the hosts that are reached without it: `*`, names, addresses, CIDR blocks, each with or without a port. This machine and the API server are always reached directly; `HTTP_PROXY`, `ALL_PROXY` and `grpc_proxy` are not used.',
      'Certificates are always checked. No variable turns that off: `NODE_TLS_REJECT_UNAUTHORIZED` has no effect. `NODE_EXTRA_CA_CERTS` counts for a kubeconfig that names no CA, and for nothing else; central is known by the CA of the join token alone.',
    ],
  },
);

export type AgentSettings = SettingsOf<typeof agentSettings>;
