import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { Environment } from '@ambit/config';
import type { ProviderSpec } from './known-provider.ts';
import { ProviderFailure } from './provider-failure.ts';

/** Where the secrets are that providers name. */
export interface SecretPlaces {
  readonly environment: () => Environment;
  readonly folder: string;
}

const mostBytes = 4_096;

/**
 * The client secret of a provider, read anew each time: it may be replaced while central runs. Throws `ProviderFailure`,
 * which names the place and nothing of what is there.
 */
export async function clientSecretOf(
  { clientSecret: { env, file } }: Pick<ProviderSpec, 'clientSecret'>,
  { environment, folder }: SecretPlaces,
): Promise<string> {
  if (env !== undefined) return secretIn(`the variable ${env} of central`, environment()[env]);
  const name = file ?? '';
  return secretIn(`the file ${name} in ${folder}`, await textOf(join(folder, name)));
}

function secretIn(place: string, text: string | undefined): string {
  const secret = text?.replace(/\r?\n$/, '') ?? '';
  if (secret !== '' && secret.length <= mostBytes) return secret;
  const what = secret === '' ? 'is not there or empty' : 'is no secret: it is too long';
  throw new ProviderFailure('secret', `its client secret, ${place}, ${what}`);
}

/** At most one byte more than it may have. */
async function textOf(path: string): Promise<string | undefined> {
  try {
    await using file = await open(path);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(mostBytes + 2), 0, mostBytes + 2);
    return buffer.toString('utf8', 0, bytesRead);
  } catch {
    return undefined;
  }
}
