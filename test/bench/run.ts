// `npm run bench -- NAME`: runs one benchmark and prints its figures beside the floor measured in the same run.
import { admissionCost } from './admission-cost.ts';
import { agentFootprint } from './agent-footprint.ts';
import { auditFilters } from './audit-filters.ts';
import { changeToEnforced } from './change-to-enforced.ts';
import { guard } from './guard.ts';

const benchmarks: Readonly<Record<string, { readonly says: string; run(): Promise<void> }>> = {
  'change-to-enforced': {
    says: 'from a REST call until the API server decides by it, beside a raw POST of the same object',
    run: changeToEnforced,
  },
  'admission-cost': {
    says: 'writes of the agent and of others, with the admission policies of a ceiling and without',
    run: admissionCost,
  },
  'agent-footprint': {
    says: 'resident memory and idle CPU of an agent with 10,000 bindings, beside bare Node',
    run: agentFootprint,
  },
  'audit-filters': {
    says: 'every question of the audit trail over 5 million events in daily partitions, and what ingest takes',
    run: auditFilters,
  },
  guard: {
    says: 'what the removal guard looks at and how long it takes, at 10,000 to 1,000,000 grants',
    run: guard,
  },
};

const [name = ''] = process.argv.slice(2);
const chosen = benchmarks[name];
if (chosen === undefined) {
  if (name !== '') console.error(`There is no benchmark ${name}.`);
  for (const [known, { says }] of Object.entries(benchmarks)) console.log(`${known}  ${says}`);
  process.exitCode = name === '' ? 0 : 2;
} else {
  await chosen.run();
}
