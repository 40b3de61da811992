import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { ClusterReader } from './cluster-reader.ts';
import type { ClusterUseCases } from './cluster-use-cases.ts';
import { ClustersController } from './clusters.controller.ts';
import { EnrolmentController } from './enrolment.controller.ts';
import { JoinTokens } from './join-tokens.ts';
import { RemoveCluster } from './remove-cluster.ts';
import { WaitApplied } from './wait-applied.ts';

/** Clusters, their agents and how agents join. */
@Module({})
export class ClustersModule {
  static of({ reader, joinTokens, remove, wait }: ClusterUseCases): DynamicModule {
    return {
      module: ClustersModule,
      controllers: [ClustersController, EnrolmentController],
      providers: [
        { provide: ClusterReader, useValue: reader },
        { provide: JoinTokens, useValue: joinTokens },
        { provide: RemoveCluster, useValue: remove },
        { provide: WaitApplied, useValue: wait },
      ],
    };
  }
}
