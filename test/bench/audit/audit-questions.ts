import { auditEventTypes } from '@ambit/domain';
import type { AuditFilter } from '@ambit/persistence';
import { dayMs, days } from './fill-trail.ts';

const between = (most: number): number => Math.floor(most * Math.random() ** 2);
const some = (): AuditFilter => {
  const until = Date.now() - dayMs * (1 + Math.random() * days);
  return { since: until - dayMs, until };
};

/** Every documented filter of GET audit/events, and those together that have nothing in common; asked anew each time. */
export const questions: Readonly<Record<string, () => AuditFilter>> = {
  'newest (the floor)': () => ({}),
  'since and until': some,
  'user, often met': () => ({ subject: `ambit:user-${between(20)}` }),
  'user, any': () => ({ subject: `ambit:user-${between(20_000)}` }),
  'user, never met': () => ({ subject: 'nobody' }),
  'user within a day': () => ({ subject: `ambit:user-${between(20_000)}`, ...some() }),
  'grant, often met': () => ({ grant: `grant-${between(20)}` }),
  'grant, any': () => ({ grant: `grant-${between(50_000)}` }),
  'grant, never met': () => ({ grant: 'none' }),
  'actor, often met': () => ({ actor: `agent/c${between(10)}` }),
  'actor, never met': () => ({ actor: 'token/none' }),
  'cluster, any': () => ({ cluster: `c${between(500)}` }),
  'cluster, never met': () => ({ cluster: 'none' }),
  'type, often met': () => ({ types: ['binding.created'] }),
  'type, seldom met': () => ({ types: ['agent.trust_refused'] }),
  'type, never met': () => ({ types: ['grant.ended'] }),
  'type binding.*': () => ({
    types: auditEventTypes.filter((type) => type.startsWith('binding.')),
  }),
  'type agent.*': () => ({ types: auditEventTypes.filter((type) => type.startsWith('agent.')) }),
  'type grant.*, never met': () => ({
    types: auditEventTypes.filter((type) => type.startsWith('grant.')),
  }),
  'text, often met': () => ({ q: 'TEAM-1' }),
  'text, never met (one page of the search)': () => ({ q: 'nothing says this' }),
  'text of a cluster': () => ({ q: `user-${between(20_000)} `, cluster: `c${between(500)}` }),
  'user, type and cluster': () => ({
    subject: `ambit:user-${between(2_000)}`,
    types: ['binding.deleted'],
    cluster: `c${between(100)}`,
  }),
  'user and cluster': () => ({
    subject: `ambit:user-${between(2_000)}`,
    cluster: `c${between(300)}`,
  }),
  'cluster and type, seldom met': () => ({
    cluster: `c${between(20)}`,
    types: ['agent.trust_refused'],
  }),
  'cluster and types agent.*': () => ({
    cluster: `c${between(20)}`,
    types: auditEventTypes.filter((type) => type.startsWith('agent.')),
  }),
  'user and grant, each often met': () => ({
    subject: `ambit:user-${between(20)}`,
    grant: `grant-${between(20)}`,
  }),
  'type seldom met and text': () => ({ types: ['agent.started'], q: 'nothing says this' }),
};
