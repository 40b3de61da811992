import { SeededRandom } from '@ambit/testing';

/** Chance that a seed repeats. */
export class Dice extends SeededRandom {
  /** This many of the letters that end the names of our objects. */
  letters(count: number): string {
    return Array.from({ length: count }, () =>
      this.pick([...'abcdefghijklmnopqrstuvwxyz234567']),
    ).join('');
  }
}
