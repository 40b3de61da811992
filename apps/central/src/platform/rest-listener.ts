import { createSecureContext } from 'node:tls';
import { addressText, reachableText, readText } from '@ambit/config';
import { AppError } from '@ambit/kernel';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { CentralSettings } from '../config.ts';

type TlsSettings = Pick<CentralSettings, 'tlsCert' | 'tlsKey'>;

const advice: Readonly<Record<string, readonly [what: string, hint: string]>> = {
  EADDRINUSE: [
    'is taken',
    'Name another address with --listen, or stop the program that listens there.',
  ],
  EACCES: [
    'may not be used by this user',
    'Name a port above 1023 with --listen, or give this user the right to it.',
  ],
  EADDRNOTAVAIL: ['is no address of this machine', 'Name another address with --listen.'],
};

/** Opens the port of the REST API and gives its URL. Throws `address_in_use` or `not_ready` with the setting to change. */
export async function listenRest(
  app: NestFastifyApplication,
  settings: Pick<CentralSettings, 'listen' | 'tlsCert'>,
): Promise<string> {
  const { host, port } = settings.listen;
  try {
    // Not Nest's own listen: it logs what goes wrong before it is told here.
    await app.init();
    await app.getHttpAdapter().getInstance().listen({ port, host });
  } catch (error) {
    const { code = 'unknown error' } = error as { code?: string };
    const [what, hint] = advice[code] ?? [
      `cannot be used (${code})`,
      'Name another with --listen.',
    ];
    const message = `${addressText(settings.listen)} ${what}, so the REST API cannot be served.`;
    throw new AppError(code === 'EADDRINUSE' ? 'address_in_use' : 'not_ready', message, {
      hint,
      cause: error,
    });
  }
  const scheme = settings.tlsCert === undefined ? 'http' : 'https';
  const address = (app.getHttpServer() as { address(): { port: number } }).address();
  return `${scheme}://${reachableText({ host, port: address.port })}`;
}

/** Certificate and key of the REST API, as Fastify takes them. Throws `config_invalid` when they cannot be used. */
export async function tlsOptions(settings: TlsSettings): Promise<object> {
  const { tlsCert, tlsKey } = settings;
  if (tlsCert === undefined || tlsKey === undefined) return {};
  const [cert, key] = await Promise.all([
    readSetting('tls-cert', tlsCert),
    readSetting('tls-key', tlsKey),
  ]);
  try {
    createSecureContext({ cert, key });
  } catch (error) {
    throw new AppError('config_invalid', 'The certificate of the REST API cannot be used.', {
      why: `${tlsCert} and ${tlsKey} are not a certificate and its key in PEM.`,
      cause: error,
    });
  }
  return { https: { cert, key, minVersion: 'TLSv1.2' } };
}

async function readSetting(flag: string, path: string): Promise<string> {
  const file = await readText(path);
  if (file.ok) return file.text;
  throw new AppError('config_invalid', `The file of --${flag} cannot be read: ${path}.`, {
    why: `The system says: ${file.reason}.`,
  });
}
