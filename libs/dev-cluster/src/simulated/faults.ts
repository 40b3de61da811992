import type { RequestInfo } from './request-info.ts';

/** Which requests a fault meets; what is left out matches all. */
export interface FaultMatch {
  /** `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`. */
  readonly verb?: string;
  /** Plural, such as `rolebindings`. */
  readonly resource?: string;
  readonly namespace?: string;
  readonly name?: string;
}

export interface Fault {
  readonly match?: FaultMatch;
  /** How many requests it meets; all by default. */
  readonly times?: number;
  /** Waits so long before anything else. */
  readonly delayMs?: number;
  /** Waits for this before anything else. */
  readonly until?: Promise<unknown>;
  /** Answers this without doing anything. */
  readonly status?: number;
  readonly reason?: string;
  readonly message?: string;
  /** Sent as `Retry-After`, in seconds. */
  readonly retryAfter?: number;
  /** Never answers. */
  readonly hang?: boolean;
  /** Refuses the stream, as a server does that takes no more of them: nothing was looked at. */
  readonly refuseStream?: boolean;
  /** Cuts the connection without an answer; `after` does what was asked first. */
  readonly dropConnection?: 'before' | 'after';
}

/** A fault that waits for its requests. */
export interface InjectedFault {
  /** Requests it has met so far. */
  readonly met: number;
  disarm(): void;
}

interface ArmedFault {
  readonly fault: Fault;
  met: number;
}

/** Faults to be met by requests, the oldest that matches first. */
export class Faults {
  #armed: ArmedFault[] = [];

  /** Arms a fault until it was met `times` times or is disarmed. */
  inject(fault: Fault): InjectedFault {
    const armed = { fault, met: 0 };
    this.#armed.push(armed);
    return {
      get met(): number {
        return armed.met;
      },
      disarm: () => {
        this.#armed = this.#armed.filter((other) => other !== armed);
      },
    };
  }

  clear(): void {
    this.#armed = [];
  }

  /** The fault this request meets, used up by one. */
  take(info: RequestInfo): Fault | undefined {
    const armed = this.#armed.find(
      ({ fault, met }) => met < (fault.times ?? Infinity) && matches(fault.match ?? {}, info),
    );
    if (armed !== undefined) armed.met += 1;
    return armed?.fault;
  }
}

function matches(match: FaultMatch, info: RequestInfo): boolean {
  return (
    (match.verb ?? info.verb) === info.verb &&
    (match.resource ?? info.plural) === info.plural &&
    (match.namespace ?? info.namespace) === info.namespace &&
    (match.name ?? info.name) === info.name
  );
}
