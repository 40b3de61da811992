import type { ServerResponse } from 'node:http';

const pageSize = 100;

/** The part of Microsoft Graph that names the groups of who asks, in pages. */
export function answerGraph(
  url: URL,
  response: ServerResponse,
  groups: readonly string[] | undefined,
): void {
  const asked = /^\/v1\.0\/me\/(transitiveMemberOf|memberOf)$/.test(url.pathname);
  if (!asked || groups === undefined) {
    response.writeHead(asked ? 403 : 404, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ error: { code: 'Authorization_RequestDenied' } }));
    return;
  }
  const from = Number(url.searchParams.get('$skiptoken') ?? 0);
  const next = new URL(url);
  next.searchParams.set('$skiptoken', String(from + pageSize));
  // Not everything that somebody is a member of is a group.
  const roles = from === 0 ? [{ '@odata.type': '#microsoft.graph.directoryRole', id: 'role' }] : [];
  const page = groups
    .slice(from, from + pageSize)
    .map((id) => ({ '@odata.type': '#microsoft.graph.group', id }));
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(
    JSON.stringify({
      value: [...roles, ...page],
      ...(from + pageSize < groups.length ? { '@odata.nextLink': next.href } : {}),
    }),
  );
}
