import type { Millis } from '@ambit/kernel';
import type { Timers } from '@ambit/kube';
import type { AuditRecorder } from './object-audit.ts';

/** Why an intent is not in force. */
interface Refused {
  readonly key: string;
  readonly reason: string;
  readonly message: string;
  readonly namespace?: string;
}

export interface CeilingRefusalsOptions {
  readonly timers: Pick<Timers, 'after'>;
  readonly audit: AuditRecorder;
  /** Every intent that is not in force; undefined while that is not known. */
  readonly problems: () => readonly Refused[] | undefined;
  /** Names of the grants behind an intent. */
  readonly grantsOf: (key: string) => readonly string[];
}

/** Looking goes over every intent: many changes are looked at together. */
const lookAfterMs: Millis = 200;
/** So many are told; a central that sends more of them is not told about without end. */
const mostTold = 1_000;
const mostGrants = 16;

/** Tells in the audit trail what the owner's ceiling refuses: each intent once, until it is refused otherwise or no more. */
export class CeilingRefusals {
  readonly #options: CeilingRefusalsOptions;
  #told = new Set<string>();
  #callOff: (() => void) | undefined;

  constructor(options: CeilingRefusalsOptions) {
    this.#options = options;
  }

  /** What is wanted, or the ceiling, changed. Nothing else is waited for: a refusal is one whatever else is still written. */
  changed(): void {
    this.#callOff ??= this.#options.timers.after(lookAfterMs, () => this.look());
  }

  look(): void {
    this.stop();
    const problems = this.#options.problems();
    if (problems === undefined) return;
    const refused = new Set<string>();
    for (const problem of problems) {
      if (problem.reason !== 'ceiling_refused' || refused.size >= mostTold) continue;
      const id = JSON.stringify([problem.key, problem.namespace, problem.message]);
      refused.add(id);
      if (!this.#told.has(id)) this.#tell(problem);
    }
    this.#told = refused;
  }

  stop(): void {
    this.#callOff?.();
    this.#callOff = undefined;
  }

  #tell({ key, reason, message, namespace = '' }: Refused): void {
    const place = namespace === '' ? '' : ` in ${namespace}`;
    const grants = this.#options.grantsOf(key).slice(0, mostGrants);
    const what = grants.length === 0 ? key : `grant ${grants.join(', ')}`;
    this.#options.audit.record({
      type: 'ceiling.refused',
      message: `The ceiling of the cluster refuses ${what}${place}: ${message}`,
      result: { code: reason, message },
      details: { intent: key },
      ...(grants.length === 0 ? {} : { grants }),
    });
  }
}
