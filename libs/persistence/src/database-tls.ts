import { AppError } from '@ambit/kernel';
import pg from 'pg';

/** How the driver is told where the database is: the address, and TLS apart from it when the URL asks for it. */
export interface DatabaseAddress {
  readonly connectionString: string;
  readonly ssl?: object;
}

/** Parameters of the URL that the driver would read again, over what we tell it. */
const tlsParameters = /^(ssl.*|uselibpqcompat)$/;

/**
 * The database of a URL, with the check of its certificate said aloud where the URL asks for TLS: left unsaid, a variable
 * of the platform turns it off. Throws `config_invalid` for TLS without that check, which protects from nobody.
 */
export function databaseAddress(url: string): DatabaseAddress {
  const { ssl } = new pg.Client({ connectionString: url }) as unknown as { ssl: boolean | object };
  if (ssl === false) return { connectionString: url };
  // The key of a client certificate is a hidden property, which a copy would lose.
  const tls: { rejectUnauthorized?: boolean; minVersion?: string } = ssl === true ? {} : ssl;
  if (tls.rejectUnauthorized === false) {
    throw new AppError('config_invalid', 'The database URL asks for TLS without a check.', {
      hint: 'Use sslmode=verify-full, with sslrootcert=FILE for a CA of your own.',
    });
  }
  return {
    connectionString: withoutTls(url),
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
