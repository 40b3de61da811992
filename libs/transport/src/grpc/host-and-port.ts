import { AppError } from '@ambit/kernel';

/** An IPv6 address stands without brackets. */
export interface HostAndPort {
  readonly host: string;
  readonly port: number;
}

/** Splits `host:port` or `[v6]:port`. Throws `usage` when it is neither. `anyPort`: 0 is a port to listen on. */
export function hostAndPort(address: string, { anyPort = false } = {}): HostAndPort {
  const [, six, plain, digits] =
    /^(?:\[([0-9a-fA-F:.]+)\]|([^:/\s]+)):(\d{1,5})$/.exec(address) ?? [];
  const host = six ?? plain;
  const port = Number(digits);
  if (host === undefined || port < (anyPort ? 0 : 1) || port > 65_535) {
    const hint =
      'Give the agents’ address of central as HOST:PORT, for example central.example.org:7443.';
    throw new AppError('usage', `"${address}" is not HOST:PORT.`, { hint });
  }
  return { host, port };
}

/** The address as one text, with brackets where IPv6 needs them. */
export function addressOf({ host, port }: HostAndPort): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
