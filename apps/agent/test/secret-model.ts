import { KubeError } from '@ambit/kube';
import type { KubeObject } from '@ambit/kube';
import type { SharedSecretParts } from '../src/replicas/shared-secret.ts';

type Data = Readonly<Record<string, string>>;

interface Secret extends KubeObject {
  readonly data: Data;
}

/** The Secret as an API server keeps it: a merge patch goes through when it names the version that stands. */
export class SecretModel {
  patches = 0;
  #version = 1;
  #data: Data | undefined = {};

  /** What stands there, as texts. */
  get texts(): Data | undefined {
    return this.#data && mapped(this.#data, (text) => Buffer.from(text, 'base64').toString());
  }

  /** Somebody else writes it; undefined deletes it. */
  put(texts: Data | undefined): void {
    this.#version++;
    this.#data = texts && mapped(texts, (text) => Buffer.from(text).toString('base64'));
  }

  client(): SharedSecretParts['client'] {
    return {
      get: async () => this.#stands(),
      mergePatch: async (_resource: unknown, _key: unknown, change: object) => {
        const { metadata, data } = change as Secret;
        if (metadata.resourceVersion !== this.#stands().metadata.resourceVersion)
          throw refusal(409);
        this.patches++;
        this.#version++;
        this.#data = { ...this.#data, ...data };
        return this.#stands();
      },
    } as unknown as SharedSecretParts['client'];
  }

  #stands(): Secret {
    if (this.#data === undefined) throw refusal(404);
    const metadata = { name: 'ambit-agent', resourceVersion: String(this.#version) };
    return { metadata, data: this.#data };
  }
}

const refusal = (status: number): KubeError =>
  new KubeError({ status, reason: '', message: `refused with ${status}` });

function mapped(data: Data, each: (text: string) => string): Data {
  return Object.fromEntries(Object.entries(data).map(([name, text]) => [name, each(text)]));
}
