import type { ApiObject } from './api-object.ts';
import type { ServedResource } from './served-resources.ts';

/** What admission makes of an object that is about to be stored. */
export type Mutation = (object: ApiObject) => ApiObject;

/** Changes writes before they are stored, as a mutating policy or webhook does: whoever wrote is answered with it. */
export class SimulatedAdmission {
  #mutations: { readonly plural: string; readonly change: Mutation }[] = [];

  /** Every write of this kind is changed until the returned function is called. */
  mutate(plural: string, change: Mutation): () => void {
    const mutation = { plural, change };
    this.#mutations.push(mutation);
    return () => {
      this.#mutations = this.#mutations.filter((other) => other !== mutation);
    };
  }

  admit({ plural }: ServedResource, object: ApiObject): ApiObject {
    return this.#mutations
      .filter((mutation) => mutation.plural === plural)
      .reduce((admitted, { change }) => change(admitted), object);
  }
}
