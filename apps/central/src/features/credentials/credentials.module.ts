import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { CredentialsController } from './credentials.controller.ts';
import { IssueCredential } from './issue-credential.ts';
import { OwnClusters } from './own-clusters.ts';

/** What the module is made of. */
export interface CredentialUseCases {
  readonly issue: IssueCredential;
  readonly clusters: OwnClusters;
}

/** How who came in gets into clusters. */
@Module({})
export class CredentialsModule {
  static of({ issue, clusters }: CredentialUseCases): DynamicModule {
    return {
      module: CredentialsModule,
      controllers: [CredentialsController],
      providers: [
        { provide: IssueCredential, useValue: issue },
        { provide: OwnClusters, useValue: clusters },
      ],
    };
  }
}
