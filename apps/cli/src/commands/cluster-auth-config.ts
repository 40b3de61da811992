import type { AmbitClient } from '@ambit/client';
import type { Cluster } from '@ambit/contracts';
import { AppError, defined } from '@ambit/kernel';
import type { CommandContext } from '../command-context.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import { authenticationConfig } from '../output/authentication-config.ts';
import { yamlText } from '../output/yaml-text.ts';
import { connectionSettings } from '../profile/connection-settings.ts';
import { readNamed } from '../profile/named-file.ts';

interface AuthConfigOptions {
  readonly issuerCa?: string;
}

/** `ambit cluster auth-config`. */
export async function clusterAuthConfig(
  context: CommandContext,
  [name = '']: readonly string[],
  { issuerCa }: AuthConfigOptions,
): Promise<ExitCode> {
  const client = await context.client();
  const cluster = await client.api.getCluster({ params: { name } });
  refuseOtherWays(cluster);
  const issuer = await issuerOf(client);
  const ca = await caOf(context, issuerCa);
  const config = authenticationConfig({
    issuer,
    clusterUid: cluster.metadata.uid,
    userPrefix: cluster.spec.subjects.userPrefix,
    ...defined({ ca }),
  });
  context.terminal.out.write(await yamlText(config));
  context.say(
    'Write it where --authentication-config of kube-apiserver points, or add its jwt entry to the file there;',
  );
  context.say('a running API server takes a changed file within about ten seconds.');
  return exitCodes.done;
}

/** One issuer, one way: an API server that took tokens of the other way too would let in what its agent refuses. */
function refuseOtherWays({ metadata: { name }, spec: { access } }: Cluster): void {
  if (access?.credential !== 'Token') {
    throw new AppError('access_off', `nobody gets into ${name} by tokens of Ambit`, {
      why: `Its spec.access.credential is ${access?.credential ?? 'None'}.`,
      hint: 'Set it to Token, and spec.access.via to OIDC, and apply that.',
      nextCommand: `ambit get cluster ${name} -o yaml`,
    });
  }
  if (access.via === 'OIDC') return;
  throw new AppError('access_off', `${name} takes our tokens through ${access.via}, not OIDC`, {
    hint: 'Configure its API server with what its agent prints, or set spec.access.via to OIDC.',
    nextCommand: 'ambit-agent print-webhook-config',
  });
}

async function issuerOf(client: AmbitClient): Promise<string> {
  const { publicUrl } = await client.api.getSystem({});
  if (publicUrl === undefined) {
    throw new AppError('unsupported_field', 'this central issues no tokens for clusters', {
      hint: 'Update central.',
    });
  }
  if (publicUrl.startsWith('https://')) return `${publicUrl}/oidc`;
  throw new AppError('config_invalid', 'API servers take no issuer without https', {
    why: `Central says that it is reached at ${publicUrl}.`,
    hint: 'Set AMBIT_PUBLIC_URL of central to the https:// URL at which API servers reach it.',
  });
}

/** What this command line trusts central by is what the API server needs too, where nothing else is named. */
async function caOf(
  { globals, env }: CommandContext,
  issuerCa: string | undefined,
): Promise<string | undefined> {
  const file = issuerCa ?? (await connectionSettings(globals, env)).caFile;
  return file === undefined ? undefined : readNamed(file);
}
