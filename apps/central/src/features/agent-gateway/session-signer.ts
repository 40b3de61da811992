import type { Millis } from '@ambit/kernel';
import {
  centralTimeCodec,
  commandOrderCodec,
  credentialOrderCodec,
  revocationCodec,
} from '@ambit/protocol';
import type { CentralSessionPorts, wire } from '@ambit/protocol';
import type { EnvelopeSigner } from '@ambit/transport';

/** How old a signed time may be when it is sent. On its way to an agent it becomes older than that. */
const freshMs: Millis = 200;

type SigningPorts = Pick<
  CentralSessionPorts,
  'signRevocation' | 'signTime' | 'signOrder' | 'signCredentialOrder'
>;

/** Signs what sessions say beside states. The time is the same words for every agent: those who ask together share them. */
export class SessionSigner {
  readonly #signer: Pick<EnvelopeSigner, 'sign'>;
  readonly #installationUid: string;
  #time: { now: Millis; stateEpoch: number; envelope: wire.SignedEnvelope } | undefined;

  constructor(signer: Pick<EnvelopeSigner, 'sign'>, installationUid: string) {
    this.#signer = signer;
    this.#installationUid = installationUid;
  }

  /** For the session of one stream. */
  ports(clusterUid: string, stateEpoch: number): SigningPorts {
    const of = { installationUid: this.#installationUid, clusterUid, stateEpoch };
    return {
      signRevocation: (revision, revoked) => {
        const payload = revocationCodec.encode({ ...of, revision, revoked: [...revoked] });
        return this.#signer.sign('revoke', payload);
      },
      signTime: (now) => this.#timeAt(now, stateEpoch),
      signOrder: (order) =>
        this.#signer.sign('command', commandOrderCodec.encode({ ...of, ...order })),
      signCredentialOrder: (order) =>
        this.#signer.sign('credential', credentialOrderCodec.encode({ ...order, ...of })),
    };
  }

  #timeAt(now: Millis, stateEpoch: number): wire.SignedEnvelope {
    const last = this.#time;
    const age = last === undefined ? Infinity : now - last.now;
    if (last?.stateEpoch === stateEpoch && age >= 0 && age <= freshMs) return last.envelope;
    const installationUid = this.#installationUid;
    const payload = centralTimeCodec.encode({ installationUid, stateEpoch, now });
    const envelope = this.#signer.sign('central-time', payload);
    this.#time = { now, stateEpoch, envelope };
    return envelope;
  }
}
