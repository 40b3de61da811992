import { readFile } from 'node:fs/promises';
import { AppError } from '@ambit/kernel';
import pg from 'pg';

/** How the driver is told where the database is: the address, and TLS apart from it when the URL asks for it. */
export interface DatabaseAddress {
  /** Empty where the address stands in parts. */
  readonly connectionString: string;
  readonly ssl?: object;
  readonly host?: string;
  readonly port?: number;
  readonly user?: string;
  readonly database?: string;
  /** Asked for each connection that is made. Throws `database_unavailable`. */
  readonly password?: () => Promise<string>;
}

/** Parameters of the URL that the driver would read again, over what we tell it. */
const tlsParameters = /^(ssl.*|uselibpqcompat)$/;
/** Ours: names a file as `sslrootcert` does. */
const passwordParameter = 'passwordfile';

/**
 * The database of a URL, with the check of its certificate said aloud where the URL asks for TLS: left unsaid, a variable
 * of the platform turns it off. A password in a file (`passwordfile=FILE`) is read for each connection anew. Throws
 * `config_invalid` for TLS without that check, which protects from nobody, and for a password in two places.
 */
export function databaseAddress(url: string): DatabaseAddress {
  const { ssl } = new pg.Client({ connectionString: url }) as unknown as { ssl: boolean | object };
  if (ssl === false) return withPassword(url);
  // The key of a client certificate is a hidden property, which a copy would lose.
  const tls: { rejectUnauthorized?: boolean; minVersion?: string } = ssl === true ? {} : ssl;
  if (tls.rejectUnauthorized === false) {
    throw new AppError('config_invalid', 'The database URL asks for TLS without a check.', {
      hint: 'Use sslmode=verify-full, with sslrootcert=FILE for a CA of your own.',
    });
  }
  return {
    ...withPassword(withoutTls(url)),
    ssl: Object.assign(tls, { rejectUnauthorized: true, minVersion: 'TLSv1.2' }),
  };
}

function withoutTls(text: string): string {
  const url = new URL(text);
  for (const name of Array.from(url.searchParams.keys())) {
    if (tlsParameters.test(name)) url.searchParams.delete(name);
  }
  return url.href;
}

/** The driver takes an address in one piece with the password in it, or without any: then it stands in parts. */
function withPassword(text: string): DatabaseAddress {
  const file = URL.canParse(text) ? new URL(text).searchParams.get(passwordParameter) : null;
  if (file === null) return { connectionString: text };
  const { host, port, user = '', database = '', password } = new pg.Client(text);
  if (file !== '' && !password) {
    return {
      connectionString: '',
      host,
      port,
      user,
      database,
      password(this: unknown) {
        return readPassword(file, this);
      },
    };
  }
  throw new AppError('config_invalid', 'The database URL names no password file of use.', {
    why: file === '' ? `${passwordParameter} is empty.` : 'There is a password in the URL too.',
    hint: `Write postgres://USER@HOST/DATABASE?${passwordParameter}=FILE.`,
  });
}

/** `connection` is the one that waits for it, as the driver calls us. */
async function readPassword(file: string, connection: unknown): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).replace(/\r?\n$/, '');
  } catch (cause) {
    // The driver forgets it, and PostgreSQL would keep a place for it until it is tired of waiting.
    void (connection as { end?: () => Promise<void> } | undefined)?.end?.();
    const { code = 'it is not known why' } = cause as NodeJS.ErrnoException;
    throw new AppError('database_unavailable', 'The password of the database cannot be read.', {
      why: `The file ${file} was not read (${code}).`,
      hint: `It is named by ${passwordParameter} in the URL of the database.`,
      cause,
    });
  }
}
