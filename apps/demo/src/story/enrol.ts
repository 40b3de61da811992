import { enrolAgent } from '../stage/agent-program.ts';
import type { DemoStage } from '../stage/demo-stage.ts';

/** Both agents join: a token that is good once, a key made in the agent, a certificate signed by central. */
export async function tellEnrolment(stage: DemoStage): Promise<void> {
  const { printer, clusters } = stage;
  const real = clusters.every(({ dev }) => dev.kind === 'real');
  printer.step('Two agents join, each with a token that is good once');
  await Promise.all(
    clusters.map(async (cluster) => {
      const ms = await enrolAgent({ ...stage, cluster, webhook: stage.ports.webhook });
      printer.done(`${cluster.plan.name}: enrolled and connected in ${(ms / 1000).toFixed(1)} s`);
    }),
  );
  printer.note(
    'They hold no admin rights: `ambit-agent print-rbac` prints all they may do, and what they may',
  );
  printer.note(
    real
      ? 'write is bounded by the API server itself: `ambit-agent print-policy` prints its policies.'
      : 'write would be bounded by `ambit-agent print-policy` too, which simulated ones do not enforce.',
  );
}
