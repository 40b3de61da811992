import type { IncomingMessage } from 'node:http';
import { scimPath } from './scim-call.ts';

const kinds: Readonly<Record<string, string>> = { Users: 'user', Groups: 'group' };
const ofAll: Readonly<Record<string, string>> = { GET: 'list', POST: 'create' };
const ofOne: Readonly<Record<string, string>> = {
  GET: 'get',
  PUT: 'replace',
  PATCH: 'patch',
  DELETE: 'delete',
};

/** What a request is about in one of fourteen words, whatever its address says. */
export function scimOperation({
  method = '',
  url = '',
}: Pick<IncomingMessage, 'method' | 'url'>): string {
  const [path = ''] = url.slice(0, 256).split('?');
  const [type = '', id] = path.slice(scimPath.length).split('/').filter(Boolean);
  if (/^(?:ServiceProviderConfig|ResourceTypes|Schemas)$/.test(type)) return 'discovery';
  const kind = ownOf(kinds, type);
  const verb = ownOf(id === undefined ? ofAll : ofOne, method);
  if (kind === undefined || verb === undefined) return 'other';
  return verb === 'list' ? `list_${kind}s` : `${verb}_${kind}`;
}

const ownOf = (words: Readonly<Record<string, string>>, key: string): string | undefined =>
  Object.hasOwn(words, key) ? words[key] : undefined;
