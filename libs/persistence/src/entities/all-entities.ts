import { AgentCertificateEntity } from './agent-certificate.entity.ts';
import { AgentEntity } from './agent.entity.ts';
import { ApiTokenEntity } from './api-token.entity.ts';
import { InstallationEntity } from './installation.entity.ts';
import { JoinTokenEntity } from './join-token.entity.ts';

export const allEntities = [
  AgentCertificateEntity,
  AgentEntity,
  ApiTokenEntity,
  InstallationEntity,
  JoinTokenEntity,
];
