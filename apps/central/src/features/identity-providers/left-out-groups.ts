import { claimsOfProvider } from '@ambit/contracts';
import type { Millis } from '@ambit/kernel';
import type { ServerMetadata } from 'openid-client';
import { askOutside } from '../../platform/fetch-outside.ts';
import { serverOf } from './known-provider.ts';
import type { KnownProvider } from './known-provider.ts';
import { ProviderFailure } from './provider-failure.ts';

type Claims = Readonly<Record<string, unknown>>;

export interface GroupSource {
  readonly provider: KnownProvider;
  readonly metadata: ServerMetadata;
  readonly accessToken: string;
}

/** A person in more groups than this is no person. */
const mostGroups = 20_000;
/** Pages may be short, and empty; a list that never ends is none. */
const mostPages = 200;
const wholeWithinMs: Millis = 20_000;

/**
 * Entra leaves groups out of a token when there are more than 200, and says so. They are read from Microsoft Graph, when the
 * provider is set up for it. `failure`: why they are missing; a list that is cut would be worse than none.
 */
export async function withAllGroups(
  claims: Claims,
  source: GroupSource,
): Promise<{ readonly claims: Claims; readonly failure?: ProviderFailure }> {
  const { spec } = source.provider;
  const name = claimsOfProvider(spec).groups;
  if (name === undefined || !isLeftOut(claims, name)) return { claims };
  if (spec.entra?.overage !== 'Graph') {
    const message =
      'it leaves the groups of the person out, because there are too many: assign groups to the application, or let them be read (entra.overage: Graph)';
    return { claims, failure: new ProviderFailure('groups', message) };
  }
  try {
    return { claims: { ...claims, [name]: await groupsInGraph(source) } };
  } catch (error) {
    const message = `its groups cannot be read from Graph: ${(error as Error).message}`;
    return { claims, failure: new ProviderFailure('groups', message) };
  }
}

function isLeftOut(claims: Claims, name: string): boolean {
  if (Object.hasOwn(claims, name)) return false;
  const { _claim_names: elsewhere, hasgroups } = claims;
  const named = typeof elsewhere === 'object' && elsewhere !== null && name in elsewhere;
  return named || hasgroups === true || hasgroups === 'true';
}

/** Groups of groups too, as in tokens. */
async function groupsInGraph({ provider, metadata, accessToken }: GroupSource): Promise<string[]> {
  const graph = graphOf(provider, metadata);
  const found: string[] = [];
  const until = performance.now() + wholeWithinMs;
  let next: URL | undefined = new URL('/v1.0/me/transitiveMemberOf?$select=id&$top=999', graph);
  for (let pages = 0; next !== undefined && found.length <= mostGroups; pages++) {
    if (pages === mostPages || performance.now() >= until) throw new Error('its list does not end');
    const page: GraphPage = await readPage(next, provider, accessToken);
    found.push(...page.groups);
    // The access token goes where it was meant for, whatever the page says.
    if (page.next !== undefined && page.next.origin !== graph.origin)
      throw new Error('it goes on at another host');
    next = page.next;
  }
  if (next !== undefined) throw new Error(`there are more than ${mostGroups}`);
  return found;
}

/** As the provider says; beside it when it says nothing. */
function graphOf({ spec }: KnownProvider, { msgraph_host: host }: ServerMetadata): URL {
  const { protocol, origin } = new URL(spec.issuer);
  return new URL(typeof host === 'string' ? `${protocol}//${host}` : origin);
}

interface GraphPage {
  readonly groups: readonly string[];
  readonly next?: URL;
}

async function readPage(url: URL, { spec }: KnownProvider, token: string): Promise<GraphPage> {
  const headers = { accept: 'application/json', authorization: `Bearer ${token}` };
  const { status, text } = await askOutside(url, serverOf(spec), { headers });
  if (status !== 200) throw new Error(`it answers ${status}`);
  const { value, '@odata.nextLink': next } = pageIn(text);
  if (!Array.isArray(value)) throw new Error('it answers no list');
  const groups = (value as Claims[]).flatMap(({ '@odata.type': type, id }) =>
    type === '#microsoft.graph.group' && typeof id === 'string' ? [id] : [],
  );
  return typeof next === 'string' ? { groups, next: new URL(next) } : { groups };
}

/** What the parser says of a text shows some of it. */
function pageIn(text: string): Claims {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value as Claims;
  } catch {
    // Said below.
  }
  throw new Error('it answers no JSON object');
}
