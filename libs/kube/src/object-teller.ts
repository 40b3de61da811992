import type { Millis } from '@ambit/kernel';
import { ReflectedObjects } from './reflected-objects.ts';
import type { KnownObject } from './reflected-objects.ts';
import { keyText } from './resources.ts';
import type { KubeObject, ObjectName } from './resources.ts';
import type { GoneObject, ReflectorHandler } from './reflector-options.ts';
import type { ObjectVersion } from './wire.ts';

/** How often one version of one object may fail in the handler before the objects behind it go on. */
const mostAttempts = 3;

/** The handler threw; the stream starts again before the object. */
export class HandlerFailed extends Error {
  override readonly name = 'HandlerFailed';
}

/** Turns objects as listed or watched into what is new, changed or gone for the handler. */
export class ObjectTeller<T extends KubeObject> {
  readonly known = new ReflectedObjects();
  readonly #handler: ReflectorHandler<T>;
  readonly #untilRelist: () => Millis;
  #failing: { readonly version: string; readonly attempts: number } | undefined;

  constructor(handler: ReflectorHandler<T>, untilRelist: () => Millis) {
    this.#handler = handler;
    this.#untilRelist = untilRelist;
  }

  /** The object is there, in this version. */
  async present(object: T): Promise<void> {
    const known = await this.#sameObject(object);
    const resourceVersion = object.metadata.resourceVersion ?? '';
    if (known !== undefined && known.resourceVersion === resourceVersion) {
      this.known.see(object.metadata);
      return;
    }
    const told = known?.told === true;
    const taken = await this.#tell(object.metadata, resourceVersion, () =>
      told ? this.#handler.onUpdate(object) : this.#handler.onAdd(object),
    );
    this.known.set(object, taken ? { resourceVersion, told: true } : { resourceVersion: '', told });
  }

  /** The object is there, in a version that the handler has already; false when it has to be told. */
  isKnown(version: ObjectVersion): boolean {
    const known = this.known.get(version);
    if (known !== undefined && known.uid !== version.uid) return false;
    if (this.#handler.isKnown?.(version) !== true) return false;
    const { resourceVersion } = version;
    this.known.set({ metadata: version }, { resourceVersion, told: true });
    return true;
  }

  /** The object went, or left the selection. */
  async gone(object: T): Promise<void> {
    const { name, namespace, uid = '', resourceVersion = '' } = object.metadata;
    const key = namespace === undefined ? { name } : { name, namespace };
    await this.#goneByKey({ key, uid, resourceVersion, object });
  }

  /** Everything the listing did not see went while nobody looked. */
  async tellMissing(): Promise<void> {
    for (const { key, known } of this.known.missing()) {
      await this.#goneByKey({ key, uid: known.uid, resourceVersion: known.resourceVersion });
    }
  }

  /** The known object of this name, unless it was another one that has been replaced since. */
  async #sameObject(object: T): Promise<KnownObject | undefined> {
    const known = this.known.get(object.metadata);
    if (known === undefined || known.uid === object.metadata.uid) return known;
    const { name, namespace } = object.metadata;
    const key = namespace === undefined ? { name } : { name, namespace };
    await this.#goneByKey({ key, uid: known.uid, resourceVersion: known.resourceVersion });
    return undefined;
  }

  async #goneByKey(gone: GoneObject<T>): Promise<void> {
    const version = `gone ${gone.resourceVersion}`;
    const taken = await this.#tell(gone.key, version, () => this.#handler.onDelete(gone));
    if (taken) this.known.delete(gone.key);
  }

  async #tell(
    key: ObjectName,
    version: string,
    call: () => void | Promise<void>,
  ): Promise<boolean> {
    try {
      await call();
      this.#failing = undefined;
      return true;
    } catch (cause) {
      const failing = `${keyText(key)} ${version}`;
      const attempts = this.#failing?.version === failing ? this.#failing.attempts + 1 : 1;
      this.#failing = { version: failing, attempts };
      const error = new HandlerFailed(`the handler failed on ${keyText(key)}: ${String(cause)}`, {
        cause,
      });
      if (attempts < mostAttempts) throw error;
      this.#handler.onError?.(error, this.#untilRelist());
      return false;
    }
  }
}
