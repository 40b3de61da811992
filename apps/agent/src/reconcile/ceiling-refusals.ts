import type { wire } from '@ambit/protocol';
import type { AuditRecorder } from './object-audit.ts';

/** Tells in the audit trail what the owner's ceiling refuses: each intent once, until it is refused otherwise or no more. */
export class CeilingRefusals {
  readonly #audit: AuditRecorder;
  #told = new Set<string>();

  constructor(audit: AuditRecorder) {
    this.#audit = audit;
  }

  /** Looks at the report of now; it lists a bounded number of problems, and so many are told. */
  look({ problems }: Pick<wire.ApplyReport, 'problems'>): void {
    const refused = new Set<string>();
    for (const { key, reason, message, namespace } of problems) {
      if (reason !== 'ceiling_refused') continue;
      const id = JSON.stringify([key, namespace, message]);
      refused.add(id);
      if (this.#told.has(id)) continue;
      const place = namespace === '' ? '' : ` in ${namespace}`;
      this.#audit.record({
        type: 'ceiling.refused',
        message: `The ceiling of the cluster refuses ${key}${place}: ${message}`,
        result: { code: reason, message },
        details: { intent: key },
      });
    }
    this.#told = refused;
  }
}
