import type { Digests, Logger } from '@ambit/kernel';
import { isKubeError } from '@ambit/kube';
import type { KubeClient, KubeError } from '@ambit/kube';
import type { Ceiling } from '@ambit/rbac';
import { admissionPolicies } from './admission-policies.ts';
import { probeWrite } from './probe-objects.ts';
import type { ProbeWrite } from './probe-objects.ts';

/**
 * Whether the API server enforces this ceiling. `unsupported`: it knows no admission policies (before 1.30).
 * `outdated`: it refuses by policies of another ceiling. `unverified`: it refuses the probe for another reason.
 */
export type AdmissionState =
  'unknown' | 'in_force' | 'unsupported' | 'missing' | 'outdated' | 'unverified';

export interface AdmissionWatchOptions {
  readonly client: KubeClient;
  readonly ceiling: () => Ceiling;
  readonly digests: Digests;
  readonly logger: Logger;
}

const policyKind = {
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  plural: 'validatingadmissionpolicies',
  namespaced: false,
};
const lookEveryMs = 60_000;
/** Whoever has just written the policies waits for the condition to go. */
const lookAgainMs = 5_000;

/** In the order in which they matter: the worst that a policy is found in is told. */
const worstFirst: readonly AdmissionState[] = ['missing', 'unverified', 'outdated'];

/** Asks the API server, now and then, for writes that only the policies refuse; nothing is ever stored. */
export class AdmissionWatch {
  readonly #options: AdmissionWatchOptions;
  #state: AdmissionState = 'unknown';
  readonly #listeners = new Set<() => void>();
  #timer: NodeJS.Timeout | undefined;
  #looking = false;
  #again = false;
  #stopped = false;

  constructor(options: AdmissionWatchOptions) {
    this.#options = options;
  }

  get state(): AdmissionState {
    return this.#state;
  }

  onChange(listener: () => void): void {
    this.#listeners.add(listener);
  }

  /** Looks at once, and from then on by itself. */
  look(): void {
    if (this.#stopped) return;
    this.#again = this.#looking;
    if (!this.#looking) void this.#look();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  async #look(): Promise<void> {
    this.#looking = true;
    clearTimeout(this.#timer);
    const found = await this.#find();
    this.#looking = false;
    if (this.#stopped) return;
    if (found !== undefined) this.#tell(found);
    if (this.#again) return this.look();
    const settled = this.#state === 'in_force' || this.#state === 'unsupported';
    this.#timer = setTimeout(() => this.look(), settled ? lookEveryMs : lookAgainMs).unref();
  }

  #tell(found: AdmissionState): void {
    if (found === this.#state) return;
    this.#state = found;
    const { logger } = this.#options;
    if (found === 'in_force') logger.info('the API server enforces the ceiling');
    else logger.warn(warnings[found], { state: found });
    for (const listener of this.#listeners) listener();
  }

  /** Undefined when the API server does not answer: then nothing is known anew. */
  async #find(): Promise<AdmissionState | undefined> {
    const { client, ceiling, digests, logger } = this.#options;
    try {
      if (!(await client.serves(policyKind))) return 'unsupported';
      const now = ceiling();
      const { drafts, mark } = admissionPolicies(now, digests);
      const states: AdmissionState[] = [];
      for (const { name } of drafts) {
        const write = probeWrite(name, now);
        // Nothing can be given under such a ceiling, and the API server says so before it asks a policy.
        if (write === undefined) return 'unknown';
        states.push(await this.#probe(write, name, mark));
      }
      return worstFirst.find((state) => states.includes(state)) ?? 'in_force';
    } catch (error) {
      logger.warn('whether the API server enforces the ceiling could not be found out', { error });
      return undefined;
    }
  }

  async #probe(
    { resource, object }: ProbeWrite,
    policy: string,
    mark: string,
  ): Promise<AdmissionState> {
    try {
      await this.#options.client.create(resource, object, { dryRun: true });
      return 'missing';
    } catch (error) {
      if (isKubeError(error, 403)) return refusedBy(error, policy, mark);
      throw error;
    }
  }
}

/** The message names the first policy that refused, the causes hold what every one of them said. */
function refusedBy(error: KubeError, policy: string, mark: string): AdmissionState {
  const said = [error.message, ...error.causes.map(({ message }) => message)];
  const probe = said.filter((text) => text.includes(`probe of ${policy},`));
  if (probe.some((text) => text.includes(mark))) return 'in_force';
  if (probe.length > 0) return 'outdated';
  return said.some((text) => text.includes('ValidatingAdmissionPolicy'))
    ? 'outdated'
    : 'unverified';
}

const warnings: Readonly<Record<Exclude<AdmissionState, 'in_force'>, string>> = {
  unknown: 'this ceiling lets nothing be given, so that its policies cannot be probed',
  unsupported:
    'this Kubernetes knows no admission policies (1.30 does): only the rights of the agent bound it',
  missing:
    'the policies of the ceiling are not in force: write what "ambit-agent print-policy" prints',
  outdated:
    'policies of another ceiling are in force: write what "ambit-agent print-policy" prints now',
  unverified:
    'the API server refuses the probe of the policies for another reason: look at the rights of the agent',
};
