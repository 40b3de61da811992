import type { IncomingMessage } from 'node:http';
import { scimPath } from './scim-call.ts';

const kinds: Readonly<Record<string, string>> = { Users: 'user', Groups: 'group' };
const verbs: Readonly<Record<string, string>> = {
  GET: 'get',
  PUT: 'replace',
  PATCH: 'patch',
  DELETE: 'delete',
};

/** What a request is about in one of fifteen words, whatever its address says. */
export function scimOperation({
  method = '',
  url = '',
}: Pick<IncomingMessage, 'method' | 'url'>): string {
  const [path = ''] = url.slice(0, 256).split('?');
  const [type = '', id] = path.slice(scimPath.length).split('/').filter(Boolean);
  if (/^(?:ServiceProviderConfig|ResourceTypes|Schemas)$/.test(type)) return 'discovery';
  const kind = Object.hasOwn(kinds, type) ? kinds[type] : undefined;
  if (kind === undefined) return 'other';
  if (id !== undefined) return Object.hasOwn(verbs, method) ? `${verbs[method]}_${kind}` : 'other';
  if (method === 'POST') return `create_${kind}`;
  return method === 'GET' ? `list_${kind}s` : 'other';
}
