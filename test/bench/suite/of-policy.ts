import type { Benchmark } from '../harness/benchmark.ts';
import { compileFull } from './b01-compile-full.ts';
import { compileIncremental } from './b02-compile-incremental.ts';
import { changeFeed } from './b13-change-feed.ts';
import { restListSearch } from './b17-rest-list-search.ts';
import { whoCanDo } from './b19-who-can.ts';
import { directorySync } from './b20-directory-sync.ts';
import { bulkApply } from './bulk-apply.ts';
import { countsOfAChange } from './counts-of-a-change.ts';
import { guardCost } from './guard-cost.ts';
import { putGrant } from './put-grant.ts';
import { startUp } from './start-up.ts';

/** What a change costs until it is committed, and what is asked of the policy. */
export const ofPolicy: readonly Benchmark[] = [
  countsOfAChange,
  compileFull,
  compileIncremental,
  putGrant,
  bulkApply,
  guardCost,
  changeFeed,
  restListSearch,
  whoCanDo,
  directorySync,
  startUp,
];
