import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { EnrolledAgent } from './lone-central.ts';
import type { FromSenders, ToSenders } from './senders.ts';

const program = fileURLToPath(new URL('./senders.ts', import.meta.url));

/** Agents in a process of their own, so that what they cost is not what central costs. */
export class AuditSenders {
  readonly #child: ChildProcess = fork(program, [], { execArgv: ['--no-warnings'] });

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** One stream for each agent. */
  dial(address: string, agents: readonly EnrolledAgent[]): Promise<void> {
    return this.#order({ do: 'dial', address, agents });
  }

  /** Makes what `send` will send: so many events of each agent. */
  fill(events: number): Promise<void> {
    return this.#order({ do: 'fill', events });
  }

  /** Resolves when all of them are acknowledged. */
  send(): Promise<void> {
    return this.#order({ do: 'send' });
  }

  stop(): void {
    this.#child.kill('SIGKILL');
  }

  async #order(order: ToSenders): Promise<void> {
    this.#child.send(order);
    const [answer] = (await once(this.#child, 'message')) as [FromSenders];
    if (answer.problem !== undefined) throw new Error(answer.problem);
  }
}
