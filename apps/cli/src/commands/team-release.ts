import type { AmbitClient } from '@ambit/client';
import { labelSelectorText } from '@ambit/contracts';
import type { Team } from '@ambit/contracts';
import { AppError, printable } from '@ambit/kernel';
import type { CommandContext } from '../command-context.ts';
import type { ExitCode } from '../exit-codes.ts';
import { printObjects } from '../output/print-effect.ts';
import { waitForClusters, waitTime } from '../wait-for-clusters.ts';
import { changeTeam } from './change-team.ts';

interface ReleaseOptions {
  readonly cluster?: string;
  readonly wait?: string;
}

type Owned = Team['spec']['owns'][number];
/** A namespace that is given back in one cluster. */
interface Place {
  readonly namespace: string;
  readonly cluster: string;
}

/** What a team owns after it gave a namespace back, and what is to be known of it. */
interface Rest {
  readonly owns: readonly Owned[];
  readonly notes: readonly string[];
}

/** `ambit team release-namespace`. */
export async function releaseTeamNamespace(
  context: CommandContext,
  [team = '', namespace = '']: readonly string[],
  { cluster = '', wait }: ReleaseOptions,
): Promise<ExitCode> {
  const waitMs = waitTime(wait);
  const client = await context.client();
  const place = { namespace, cluster };
  let rest: Rest = { owns: [], notes: [] };
  const result = await changeTeam(context, client, team, async ({ owns }) => {
    rest = await without(client, team, { owns, place });
    return { owns: [...rest.owns] };
  });
  printObjects(context, result);
  context.say(
    printable(
      `${team} owns ${cluster}/${namespace} no more: its access and the labels of the team go. The namespace, what runs there, its quota, limits, network policies and level of Pod Security stay.`,
    ),
  );
  for (const note of rest.notes) context.say(printable(note));
  return waitForClusters(context, client, result, { waitMs });
}

/** Throws `usage` for what cannot be taken out of what the team says it owns. */
async function without(
  client: AmbitClient,
  team: string,
  { owns, place }: { readonly owns: readonly Owned[]; readonly place: Place },
): Promise<Rest> {
  const { cluster, namespace } = place;
  const rest: Owned[] = [];
  const notes: string[] = [];
  const begun: string[] = [];
  let found = false;
  for (const owned of owns) {
    const there = await clustersOf(client, owned);
    const isThere = there.includes(cluster);
    if (isThere) begun.push(...owned.namespaces.filter((pattern) => begins(pattern, namespace)));
    if (!isThere || !owned.namespaces.includes(namespace)) {
      rest.push(owned);
      continue;
    }
    found = true;
    rest.push(...split(owned, there, place));
    if (owned.clusters.names === undefined) notes.push(noteOf(owned, there, { team, ...place }));
  }
  if (begun.length > 0) throw ownedByBeginning(team, begun, place);
  if (!found) throw notOwned(team, place);
  return { owns: rest, notes };
}

/** What is left of one line: all else where it was, and the namespace in the other clusters by their names. */
function split(owned: Owned, there: readonly string[], { namespace, cluster }: Place): Owned[] {
  const others = there.filter((name) => name !== cluster);
  const namespaces = owned.namespaces.filter((name) => name !== namespace);
  return [
    ...(namespaces.length === 0 ? [] : [{ ...owned, namespaces }]),
    ...(others.length === 0 ? [] : [{ clusters: { names: others }, namespaces: [namespace] }]),
  ];
}

/** The clusters that a line means now. */
async function clustersOf(client: AmbitClient, { clusters }: Owned): Promise<readonly string[]> {
  if (clusters.names !== undefined) return clusters.names;
  const chosen = clusters.all === true ? {} : { labelSelector: labelSelectorText(clusters) };
  const found: string[] = [];
  let place: string | undefined;
  do {
    const from = place === undefined ? {} : { continue: place };
    const page = await client.api.listClusters({ query: { limit: 500, ...chosen, ...from } });
    found.push(...page.items.map(({ metadata }) => metadata.name));
    place = page.metadata.continue;
  } while (place !== undefined);
  return found;
}

const begins = (pattern: string, namespace: string): boolean =>
  pattern.endsWith('*') && namespace.startsWith(pattern.slice(0, -1));

function noteOf(
  { clusters }: Owned,
  there: readonly string[],
  { team, namespace, cluster }: Place & { readonly team: string },
): string {
  const where = clusters.all === true ? 'every cluster' : `clusters ${labelSelectorText(clusters)}`;
  const left = there.filter((name) => name !== cluster);
  const now = left.length === 0 ? 'in none' : `by name in ${left.join(', ')}`;
  return `note: ${team} owned ${namespace} in ${where}, and owns it ${now} from now on; it is no longer given in clusters that come later, until somebody adds them to "owns"`;
}

function ownedByBeginning(team: string, patterns: readonly string[], place: Place): AppError {
  const { namespace, cluster } = place;
  return new AppError(
    'usage',
    `Team ${team} owns ${namespace} in ${cluster} as one that begins as ${patterns.join(', ')}, from which no single one can be taken.`,
    {
      hint: 'Write the names of those that stay in its "owns" instead, or a longer beginning, and apply that.',
      nextCommand: `ambit get team ${team} -o yaml`,
    },
  );
}

const notOwned = (team: string, { namespace, cluster }: Place): AppError =>
  new AppError('not_found', `Team ${team} does not own ${namespace} in ${cluster}.`, {
    nextCommand: `ambit access team/${team}`,
  });
