import { status } from '@grpc/grpc-js';
import type { sendUnaryData, Server, ServerUnaryCall } from '@grpc/grpc-js';
import { service as definition } from 'grpc-health-check';
import { apiPackage } from '@ambit/contracts/grpc';
import type { Readiness } from '@ambit/observability';

interface HealthStatus {
  readonly status: 'SERVING' | 'NOT_SERVING';
}

/**
 * Serves `grpc.health.v1.Health` by what readiness says: each of `services` is as ready as the process, which is the one
 * without a name. Everybody may ask, so nothing is kept of a question: `Watch` is left out, and answered UNIMPLEMENTED.
 */
export function serveHealth(
  server: Pick<Server, 'addService'>,
  readiness: Pick<Readiness, 'isReady'>,
  services: readonly string[],
): void {
  const names = ['', ...services.map((name) => `${apiPackage}.${name}`)];
  const now = (): HealthStatus => ({ status: readiness.isReady() ? 'SERVING' : 'NOT_SERVING' });
  server.addService(definition, {
    Check: (
      { request }: ServerUnaryCall<{ readonly service: string }, HealthStatus>,
      answer: sendUnaryData<HealthStatus>,
    ) => {
      if (names.includes(request.service)) answer(null, now());
      else answer({ code: status.NOT_FOUND, details: 'There is no such service.' });
    },
    List: (_call: unknown, answer: sendUnaryData<object>) =>
      answer(null, { statuses: Object.fromEntries(names.map((name) => [name, now()])) }),
  });
}
