import type { StateFollower } from './ports.ts';

/** Several followers as one: each is told of everything, in this order. */
export function followers(all: readonly StateFollower[]): StateFollower {
  return {
    accept: (change) => all.forEach((each) => each.accept(change)),
    acceptRemovals: (change) => all.forEach((each) => each.acceptRemovals(change)),
    mask: (masks) => all.forEach((each) => each.mask(masks)),
  };
}
