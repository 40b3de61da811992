import type { Clock, Logger } from '@ambit/kernel';
import type { Meters, centralMetrics } from '@ambit/observability';
import { certificateValidity } from '@ambit/transport';
import type { CertificateAuthority, ListenerCertificates } from '@ambit/transport';

const checkEveryMs = 600_000;

export interface ServerCertificatesPorts {
  readonly ca: CertificateAuthority;
  /** PEM of every CA whose agents are accepted. */
  readonly acceptedCas: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly meters: Pick<Meters<typeof centralMetrics>, 'certificateExpiry'>;
}

/** The certificate that agents see. It is made anew at half its life, without a restart. */
export class ServerCertificates {
  readonly #ports: ServerCertificatesPorts;
  readonly #names: readonly string[];
  #madeAt = 0;
  #renewAt = 0;

  constructor(ports: ServerCertificatesPorts, names: readonly string[]) {
    this.#ports = ports;
    this.#names = names;
  }

  async current(): Promise<ListenerCertificates> {
    const { ca, clock, meters } = this.#ports;
    const now = clock.now();
    const issued = await ca.issueServer(this.#names, now);
    const { certificateChainPem, privateKeyPem, notAfter } = issued;
    this.#madeAt = now;
    this.#renewAt = now + (notAfter - now) / 2;
    meters.certificateExpiry.set({ kind: 'agent_listener' }, notAfter / 1000);
    const { notAfter: caEnds } = certificateValidity(ca.certificate);
    meters.certificateExpiry.set({ kind: 'ca' }, caEnds / 1000);
    return {
      certificateChain: certificateChainPem,
      privateKey: privateKeyPem,
      clientCa: this.#ports.acceptedCas,
    };
  }

  /** Looks every ten minutes; returns the function that ends it. */
  keepFresh(replace: (fresh: ListenerCertificates) => void): () => void {
    const { clock, logger } = this.#ports;
    const timer = setInterval(() => {
      const now = clock.now();
      // One that was made by a clock that was ahead would not have begun for anybody.
      if (now >= this.#madeAt && now < this.#renewAt) return;
      this.current().then(replace, (error: unknown) =>
        logger.error('the certificate for agents could not be renewed', { error }),
      );
    }, checkEveryMs).unref();
    return () => clearInterval(timer);
  }
}
