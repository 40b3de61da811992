import type { ListOptions, WatchOptions, WriteOptions } from './wire.ts';

type Parameters = Readonly<Record<string, string | number | boolean | undefined>>;

/** `?a=b&c=d` of what is set and not empty, or nothing. */
export function queryText(parameters: Parameters): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined && value !== '') query.set(name, String(value));
  }
  const text = query.toString();
  return text === '' ? '' : `?${text}`;
}

export function listQuery(options: ListOptions): Parameters {
  const { namespace: _path, ...parameters } = options;
  return parameters;
}

export function watchQuery(options: WatchOptions): Parameters {
  const { namespace: _path, isKnown: _ours, ...parameters } = options;
  return { watch: true, ...parameters };
}

export function writeQuery(options: WriteOptions): Parameters {
  return { dryRun: options.dryRun === true ? 'All' : undefined };
}
