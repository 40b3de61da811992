import { checkServerUrl, exchange, openConnection, type HttpAnswer } from '@ambit/client/exchange';
import { wayOut, type Environment } from '@ambit/config';
import { defined } from '@ambit/kernel';
import { readNamed } from './named-file.ts';
import type { Profile } from './profile-fields.ts';

/** The program that people let in, by the name that central knows; it has no secret. */
export const programName = 'ambit-cli';
const connectWithinMs = 2_000;
const answerWithinMs = 10_000;

/** One call of central's OAuth server, which is never tried again: most of what is sent there is good once. Throws `AppError`. */
export async function callOAuth(
  { server, caFile }: Pick<Profile, 'server' | 'caFile'>,
  path: `/${string}`,
  fields: Readonly<Record<string, string>>,
  env: Environment,
): Promise<HttpAnswer> {
  const ca = caFile === undefined ? undefined : await readNamed(caFile);
  const connection = openConnection(checkServerUrl(server), {
    wayOut: wayOut(env),
    ...defined({ ca }),
  });
  try {
    return await exchange(connection, {
      method: 'POST',
      path: `/oauth2${path}`,
      headers: {
        accept: 'application/json',
        'content-type': 'application/x-www-form-urlencoded',
        'user-agent': 'ambit',
      },
      body: String(new URLSearchParams({ client_id: programName, ...fields })),
      timeoutMs: answerWithinMs,
      connectWithinMs,
      signal: AbortSignal.timeout(answerWithinMs),
    });
  } finally {
    connection.agent.destroy();
  }
}
