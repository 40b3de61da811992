import type { AmbitClient } from '@ambit/client';
import type { OwnCluster } from '@ambit/contracts';

/** The clusters where the caller has access now, of however many pages. Throws `AppError`. */
export async function ownClusters(
  client: AmbitClient,
  signal: AbortSignal,
): Promise<readonly OwnCluster[]> {
  const items: OwnCluster[] = [];
  let next: string | undefined;
  do {
    const query = { limit: 500, ...(next === undefined ? {} : { continue: next }) };
    const page = await client.api.listOwnClusters({ query, signal });
    items.push(...page.items);
    next = page.metadata.continue;
  } while (next !== undefined);
  return items;
}
