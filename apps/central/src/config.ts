import {
  address,
  cacheFolder,
  choice,
  choices,
  dataFolder,
  defineSettings,
  duration,
  isLoopback,
  path,
  secretUrl,
  setting,
  texts,
  toggle,
  unusable,
  wholeNumber,
} from '@ambit/config';
import type { ParsedSetting, SettingsOf } from '@ambit/config';
import { logFormats, logLevels } from '@ambit/observability';
import { isNetwork } from './platform/client-address.ts';

const day = 86_400_000;

/** Every setting of `ambit-central`. */
export const centralSettings = defineSettings(
  'ambit-central',
  {
    dataDir: dataFolder('Folder for keys and, without --database-url, the database'),
    cacheDir: cacheFolder('Folder for what can be made again'),
    roles: choices(['api', 'worker'], {
      describe: 'What this process does: serve, run jobs, or both',
      default: 'api,worker',
    }),
    databaseUrl: secretUrl({
      schemes: ['postgres', 'postgresql'],
      describe:
        'PostgreSQL to use (postgres://…); without it an embedded one runs in the data folder',
    }),
    databaseOwnerUrl: secretUrl({
      schemes: ['postgres', 'postgresql'],
      describe:
        'The same database for the role that owns it; used for "migrate", or at the start when given, and dropped then',
    }),
    databaseAuditUrl: secretUrl({
      schemes: ['postgres', 'postgresql'],
      describe:
        'The same database for a role that only adds to the audit trail; without it --database-url does that too',
    }),
    databaseRights: choice(['warn', 'refuse'], {
      describe: 'What to do when the role of --database-url could rewrite the audit trail',
      default: 'warn',
    }),
    redisUrl: secretUrl({
      schemes: ['redis', 'rediss'],
      describe: 'Redis for jobs and rate limits (redis://…); without it they use PostgreSQL',
    }),
    listen: address({ describe: 'Where the REST API listens', default: '127.0.0.1:7080' }),
    agentListen: address({ describe: 'Where agents connect (gRPC, TLS)', default: '0.0.0.0:7443' }),
    grpcListen: address({
      describe:
        'Where the gRPC API listens (HOST:PORT), by the certificate of the REST API; without it there is none',
    }),
    publicUrl: setting(
      {
        describe:
          'Where browsers and API servers reach the REST API (https://…); without it the address of --listen',
      },
      'url',
      readPublicUrl,
    ),
    healthListen: address({
      describe: 'Where health and metrics are served',
      default: '127.0.0.1:7081',
    }),
    healthNames: texts({
      describe:
        'Host names by which health and metrics are asked for, beside addresses and localhost',
      default: 'localhost',
    }),
    agentAddress: address({
      describe: 'Address of --agent-listen as agents reach it, printed in join commands',
    }),
    agentNames: texts({
      describe: 'More DNS names or addresses for the certificate that agents see',
      default: 'localhost,127.0.0.1',
    }),
    idpSecrets: path({
      describe:
        'Folder with the files that identity providers name as their client secret; without it idp-secrets in the folder central of the data folder',
    }),
    epochKeyFile: path({
      describe:
        'Where the epoch key is made at the first start and read by "epoch raise"; serving never needs it',
    }),
    printToken: toggle({
      describe: 'Print the first admin token also where the output is no terminal',
    }),
    tlsCert: path({ describe: 'Certificate of the REST API, PEM; needed beyond loopback' }),
    tlsKey: path({ describe: 'Key of the REST API, PEM' }),
    trustProxy: toggle({
      describe: 'A proxy in front ends TLS: plain HTTP beyond loopback',
    }),
    trustedProxies: texts({
      describe:
        'Networks of the proxies whose X-Forwarded-For is believed; with trustProxy and no list: loopback',
    }),
    auditRetention: duration({
      describe: 'How long audit events are kept',
      default: '90d',
      min: day,
      max: 3650 * day,
    }),
    waitingCalls: wholeNumber({
      describe: 'Most REST calls that may wait or follow events at once in this process',
      default: '1000',
      min: 1,
      max: 100_000,
    }),
    waitingCallsPerToken: wholeNumber({
      describe: 'Most of them with one API token',
      default: '50',
      min: 1,
      max: 100_000,
    }),
    databaseConnections: wholeNumber({
      describe: 'Most connections to PostgreSQL',
      default: '16',
      min: 4,
      max: 200,
    }),
    logLevel: choice(logLevels, { describe: 'Least level that is logged', default: 'info' }),
    logFormat: choice(logFormats, { describe: 'How log lines look', default: 'auto' }),
  },
  {
    check: ({ listen, grpcListen, tlsCert, tlsKey, trustProxy, trustedProxies: proxies = [] }) => [
      ...proxies
        .filter((text) => !isNetwork(text))
        .map((text) => `trustedProxies has ${text}, which is no network such as 10.0.0.0/8`),
      ...((tlsCert === undefined) === (tlsKey === undefined)
        ? []
        : ['tlsCert and tlsKey go together: set both or none']),
      ...(tlsCert !== undefined || trustProxy
        ? []
        : Object.entries({ listen, grpcListen })
            .filter(([, at]) => at !== undefined && !isLoopback(at.host))
            .map(
              ([name, at]) =>
                `${name} is ${at?.host}, which others can reach, and the API would answer in plain HTTP: ` +
                'set tlsCert and tlsKey, or trustProxy=true behind a proxy that ends TLS',
            )),
    ],
  },
);

export type CentralSettings = SettingsOf<typeof centralSettings>;

/** The networks of the proxies that are believed. */
export function trustedProxies(
  settings: Pick<CentralSettings, 'trustProxy' | 'trustedProxies'>,
): readonly string[] {
  const given = settings.trustedProxies ?? [];
  return given.length === 0 && settings.trustProxy ? ['127.0.0.0/8', '::1/128'] : given;
}

/** An origin: issuers and redirects are compared text by text, so there is one way to write it. */
function readPublicUrl(raw: string): ParsedSetting<string> {
  const url = URL.parse(raw);
  const expected = unusable(
    'https://HOST[:PORT] without path (http only to this machine), such as https://ambit.example.com',
  );
  if (url === null || !/^https?:\/\/[^/?#@\s]+\/?$/i.test(raw)) return expected;
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  return url.protocol === 'https:' || isLoopback(host) ? { value: url.origin } : expected;
}
