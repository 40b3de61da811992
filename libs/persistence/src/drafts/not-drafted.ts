import { AppError } from '@ambit/kernel';

/** The work asked for something that only a transaction can do. */
export class NeedsTransaction extends AppError {
  constructor() {
    super('internal', 'This change is made in a transaction of its own.');
  }
}

/** What a draft was made from is no longer so: it has to be made again. */
export class PolicyMoved extends AppError {
  constructor(cause: unknown) {
    super('internal', 'The policy moved on while the change was worked out.', { cause });
  }
}
