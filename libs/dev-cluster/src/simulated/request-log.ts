import type { RequestCount } from '../dev-cluster.ts';
import type { RequestInfo } from './request-info.ts';

/** One request as it was answered. */
export interface LoggedRequest {
  readonly verb: string;
  readonly resource: string;
  readonly group: string;
  readonly namespace: string;
  readonly name: string;
  readonly user: string;
  readonly status: number;
  readonly dryRun: boolean;
}

const writeVerbs = ['create', 'update', 'patch', 'delete', 'deletecollection'];
const metricVerbs: Readonly<Record<string, string>> = { create: 'POST', update: 'PUT' };
/** Older requests are forgotten; the counts are not. */
const mostRequests = 100_000;

/** What was asked, for tests that count writes. */
export class RequestLog {
  readonly #counts = new Map<string, RequestCount>();
  #requests: LoggedRequest[] = [];

  get requests(): readonly LoggedRequest[] {
    return this.#requests;
  }

  /** Requests that may have changed something. */
  get writes(): readonly LoggedRequest[] {
    return this.#requests.filter(({ verb, dryRun, resource }) => {
      return writeVerbs.includes(verb) && !dryRun && !resource.endsWith('reviews');
    });
  }

  /** Forgets the requests; the counts go on. */
  clear(): void {
    this.#requests = [];
  }

  counts(): RequestCount[] {
    return [...this.#counts.values()];
  }

  add(info: RequestInfo, user: string, status: number): void {
    const { verb, plural, group, namespace, name } = info;
    const dryRun = info.query.has('dryRun');
    this.#requests.push({ verb, resource: plural, group, namespace, name, user, status, dryRun });
    if (this.#requests.length > mostRequests)
      this.#requests = this.#requests.slice(mostRequests / 2);
    const key = `${verb} ${group} ${plural}`;
    const counted = this.#counts.get(key);
    this.#counts.set(key, {
      verb: metricVerbs[verb] ?? verb.toUpperCase(),
      group,
      resource: plural,
      count: (counted?.count ?? 0) + 1,
    });
  }
}
