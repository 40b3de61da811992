import { AppError } from '@ambit/kernel';
import type { Logger } from '@ambit/kernel';
import { isKubeError, kubeResources } from '@ambit/kube';
import type { KubeClient, KubeObject } from '@ambit/kube';
import { replicaObjects } from './replica-rights.ts';

interface Secret extends KubeObject {
  readonly data?: Readonly<Record<string, string>> | null;
}

/** What one replica leaves to the next, as texts by the name of their file. */
export type SharedTexts = Partial<Record<'identity.json' | 'high-water.json', string>>;

/** What is found there: also the replica that wrote last. */
export type FoundTexts = SharedTexts & { readonly replica?: string };

export interface SharedSecretParts {
  /** That of the term: what a lost term writes is refused here already. */
  readonly client: Pick<KubeClient, 'get' | 'mergePatch'>;
  readonly namespace: string;
  readonly replica: string;
  readonly logger: Logger;
}

/**
 * The Secret that every replica can read: who the agent is, and below which marks it believes nothing. Each write names the
 * version before it, and the first one of a term changes it, so that the API server refuses whatever an earlier one sends late.
 * Each holds all that this one ever wrote: what somebody empties is back with the next.
 */
export class SharedSecret {
  readonly #parts: SharedSecretParts;
  readonly #texts: { [Name in keyof SharedTexts]: string } = {};
  #version: string | undefined;
  /** Another replica wrote since: this one never writes again. */
  #deposed: Error | undefined;
  #work: Promise<unknown> = Promise.resolve();

  constructor(parts: SharedSecretParts) {
    this.#parts = parts;
  }

  /** Throws `kubernetes_unavailable` when it cannot be read. Where there is none it is told, and nothing is shared. */
  async read(): Promise<FoundTexts> {
    try {
      const { data } = await this.#look();
      return Object.fromEntries(
        Object.entries(data ?? {}).map(([name, text]) => [
          name,
          Buffer.from(text, 'base64').toString(),
        ]),
      );
    } catch (error) {
      if (!isKubeError(error, 404)) throw this.#failed('read', error);
      this.#missing();
      return {};
    }
  }

  /** Resolves when others can read it. One write follows another. Throws `kubernetes_unavailable`. */
  save(texts: SharedTexts): Promise<void> {
    const saved = this.#work.then(() => this.#save(texts));
    this.#work = saved.catch(() => undefined);
    return saved;
  }

  async #save(texts: SharedTexts): Promise<void> {
    Object.assign(this.#texts, texts);
    try {
      if (this.#deposed !== undefined) throw this.#deposed;
      if (this.#version === undefined) this.#requireOwn(await this.#look());
      await this.#write();
    } catch (error) {
      if (isKubeError(error, 404)) return this.#missing();
      throw this.#failed('written', error);
    }
  }

  /** A person who changes a label takes nothing away from this replica: only another replica does. */
  async #write(): Promise<void> {
    try {
      await this.#patch();
    } catch (error) {
      if (!isKubeError(error, 409)) throw error;
      this.#requireOwn(await this.#look());
      await this.#patch();
    }
  }

  /** One that somebody emptied is nobody's. */
  #requireOwn({ data }: Secret): void {
    const last = Buffer.from(data?.['replica'] ?? '', 'base64').toString();
    if (last === '' || last === this.#parts.replica) return;
    this.#deposed = new Error(`the replica ${last} wrote it since`);
    throw this.#deposed;
  }

  async #patch(): Promise<void> {
    const all = { ...this.#texts, replica: this.#parts.replica };
    const data = Object.fromEntries(
      Object.entries(all).map(([name, text]) => [name, Buffer.from(text).toString('base64')]),
    );
    const patch = { metadata: { resourceVersion: this.#version }, data };
    this.#saw(await this.#parts.client.mergePatch<Secret>(kubeResources.secrets, this.#key, patch));
  }

  async #look(): Promise<Secret> {
    const secret = await this.#parts.client.get<Secret>(kubeResources.secrets, this.#key);
    this.#saw(secret);
    return secret;
  }

  #saw({ metadata }: Secret): void {
    this.#version = metadata.resourceVersion;
  }

  get #key() {
    return { namespace: this.#parts.namespace, name: replicaObjects };
  }

  /** Then no replica can come after this one; that it acts as long as it lives is better than that nobody does. */
  #missing(): void {
    this.#version = undefined;
    const secret = `${this.#parts.namespace}/${replicaObjects}`;
    this.#parts.logger.error(
      'there is no Secret for the replicas: another one cannot take over until somebody makes it',
      { secret },
    );
  }

  #failed(how: 'read' | 'written', cause: unknown): AppError {
    const { namespace } = this.#parts;
    const what = `The Secret ${namespace}/${replicaObjects}, by which one replica follows another, cannot be ${how}.`;
    return new AppError('kubernetes_unavailable', what, {
      why: cause instanceof Error ? cause.message : String(cause),
      hint: 'Give the ServiceAccount of the agent the rights that this prints:',
      nextCommand: 'ambit-agent print-rbac --ceiling FILE --account NAME',
      cause,
    });
  }
}
