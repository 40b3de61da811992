import { hasRedis } from '../../support/redis-process.ts';
import type { FamilyResult, HostileFamily, Scale } from '../family.ts';
import { SeededRandom } from '@ambit/testing';
import { ReplicaCampaign } from './replica-campaign.ts';
import { TwoCentrals } from './two-centrals.ts';

const kills: Readonly<Record<Scale, number>> = { smoke: 3, full: 100 };
const agents: Readonly<Record<Scale, number>> = { smoke: 20, full: 50 };

/**
 * Two centrals over one PostgreSQL and one Redis, which dies too, with a fleet connected and people at work. An escape is an
 * acknowledged change that is lost, one written over something stale, an audit event that is lost or doubled, an agent that is back
 * too late or gets anything twice, and access that is held for too long after it was taken away.
 */
export const centralReplicas: HostileFamily = {
  takesLong: true,
  says: 'two centrals that are killed at any moment, and Redis with them, while a fleet is connected and the policy changes',
  async run(scale, seed): Promise<FamilyResult> {
    if (!hasRedis()) {
      return { attacks: 0, escapes: [], notes: ['skipped: redis-server is not on the PATH'] };
    }
    const centrals = await TwoCentrals.start();
    try {
      const random = new SeededRandom(seed);
      const campaign = await ReplicaCampaign.begin(centrals, random, agents[scale]);
      try {
        return await campaign.run(kills[scale]);
      } finally {
        await campaign.stop();
      }
    } finally {
      await centrals.stop();
    }
  },
};
