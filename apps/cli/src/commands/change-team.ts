import type { AmbitClient } from '@ambit/client';
import type { ApplyResult, Team } from '@ambit/contracts';
import { isAppError } from '@ambit/kernel';
import type { CommandContext } from '../command-context.ts';

type Spec = Team['spec'];

/** Somebody else may change the team between our look and our write; then we look again. */
const mostLooks = 5;

/** Writes a team as `to` makes it of the team as it stands; all that it leaves out stays. */
export async function changeTeam(
  { signal }: Pick<CommandContext, 'signal'>,
  client: AmbitClient,
  name: string,
  to: (spec: Spec) => Partial<Spec> | Promise<Partial<Spec>>,
): Promise<ApplyResult> {
  for (let looks = 1; ; looks++) {
    const team = await client.api.getTeam({ params: { name }, signal });
    const { labels, annotations, resourceVersion } = team.metadata;
    const object = {
      apiVersion: team.apiVersion,
      kind: team.kind,
      metadata: { name, labels, annotations, resourceVersion },
      spec: { ...team.spec, ...(await to(team.spec)) },
    };
    try {
      return await client.api.apply({ body: { objects: [object as never] }, signal });
    } catch (error) {
      if (!isAppError(error, 'stale_resource') || looks === mostLooks) throw error;
    }
  }
}
