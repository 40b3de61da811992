import { SimulatedAdmission } from './admission.ts';
import { ApiHandler } from './api-handler.ts';
import { ApiServer } from './api-server.ts';
import { SimulatedAuthenticator } from './authenticator.ts';
import { bootstrap } from './bootstrap.ts';
import { Controllers } from './controllers.ts';
import { Faults } from './faults.ts';
import { ObjectStore } from './object-store.ts';
import { RequestLog } from './request-log.ts';
import { rfc3339 } from './service-account-tokens.ts';
import { Watches } from './watches.ts';

export interface SimulationOptions {
  /** The API server's clock in milliseconds: `Date` headers, timestamps, ends of tokens. */
  readonly now: () => number;
  readonly namespaceDeletionMs: number;
}

/** Everything of a simulated cluster but its sockets: it outlives a restart of the listener. */
export class Simulation {
  readonly store = new ObjectStore();
  readonly admission = new SimulatedAdmission();
  readonly faults = new Faults();
  readonly log = new RequestLog();
  readonly watches: Watches;
  readonly authenticator: SimulatedAuthenticator;
  readonly server: ApiServer;
  readonly #controllers: Controllers;

  constructor({ now, namespaceDeletionMs }: SimulationOptions) {
    const time = (): string => rfc3339(now());
    const { store, faults, log } = this;
    this.watches = new Watches(store);
    this.authenticator = new SimulatedAuthenticator(store, now);
    this.#controllers = new Controllers(store, { now: time, namespaceDeletionMs });
    const { admission, authenticator, watches } = this;
    const handler = new ApiHandler({ store, admission, authenticator, now: time });
    this.server = new ApiServer({ store, authenticator, handler, watches, faults, log, now });
    bootstrap(store, time());
    this.#controllers.aggregate();
  }

  stop(): void {
    this.#controllers.stop();
    this.watches.close();
  }
}
