import type { Benchmark } from '../harness/benchmark.ts';
import { ofClusters } from './of-clusters.ts';
import { ofFleets } from './of-fleets.ts';
import { ofPolicy } from './of-policy.ts';

/** Every benchmark, in the order in which they run. */
export const suite: readonly Benchmark[] = [...ofPolicy, ...ofClusters, ...ofFleets];
