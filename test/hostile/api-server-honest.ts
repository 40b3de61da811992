import type { RawRequest } from '../support/raw-kube.ts';
import type { Dice } from './api-server-dice.ts';
import { collectionOf, honestBinding, honestRole, person } from './api-server-objects.ts';
import type { Draft } from './api-server-objects.ts';
import type { HostileWorld, OwnersWill } from './api-server-world.ts';

export interface HonestAnswer {
  readonly says: string;
  readonly status: number;
  readonly message: string;
}

const merge = 'application/merge-patch+json';
const rounds = 5;

/** What an agent does all day: makes, changes, puts labels back, releases, takes away. */
export async function honestRun(
  world: HostileWorld,
  will: OwnersWill,
  dice: Dice,
): Promise<HonestAnswer[]> {
  const answers: HonestAnswer[] = [];
  for (let round = 0; round < rounds; round++) {
    const drafts = [honestBinding(dice, will)];
    if (will.customRules.length > 0) drafts.push(honestRole(dice, will));
    for (const draft of drafts) answers.push(...(await lifeOf(world, draft)));
  }
  return answers;
}

async function lifeOf({ agent, admin }: HostileWorld, draft: Draft): Promise<HonestAnswer[]> {
  const collection = collectionOf(draft);
  const path = `${collection}/${draft.metadata.name}`;
  const patch = (body: object): RawRequest => ({ method: 'PATCH', path, body, contentType: merge });
  const { labels, annotations } = draft.metadata;
  const more = draft.kind === 'ClusterRole' ? { rules: [] } : { subjects: [person('ambit:new')] };
  const answers: HonestAnswer[] = [];
  const say = async (says: string, request: RawRequest): Promise<void> => {
    const { status, message } = await agent.send(request);
    answers.push({ says: `${says} of a ${draft.kind}`, status, message });
  };
  await say('creation', { method: 'POST', path: collection, body: draft });
  await say('change', patch({ ...more, metadata: { annotations: { 'ambit.dev/revision': '7' } } }));
  await admin.send(patch({ metadata: { labels: null } }));
  await say('repair', patch({ metadata: { labels, annotations } }));
  await admin.send(patch({ metadata: { finalizers: ['acme.io/hold'] } }));
  await say('deletion', { method: 'DELETE', path });
  await say('release', patch({ metadata: { finalizers: null } }));
  return answers;
}
