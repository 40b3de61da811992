import type { Logger } from '@ambit/kernel';
import type { Meters, centralMetrics } from '@ambit/observability';
import { queueName } from './job-runner.ts';
import type { JobRunner } from './job-runner.ts';

const everyMs = 15_000;

/** Shows the jobs in the metrics. Returns the function that ends it. */
export function watchJobs(
  jobs: Pick<JobRunner, 'counts'>,
  meters: Pick<Meters<typeof centralMetrics>, 'queueJobs'>,
  logger: Logger,
): () => void {
  const look = async (): Promise<void> => {
    try {
      for (const [state, count] of Object.entries(await jobs.counts()))
        meters.queueJobs.set({ queue: queueName, state }, count);
    } catch (error) {
      logger.debug('the jobs could not be counted', { error });
    }
  };
  void look();
  const timer = setInterval(() => void look(), everyMs).unref();
  return () => clearInterval(timer);
}
