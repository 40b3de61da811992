// Many simulated agents as one process, told what to do by its parent (`SimFleet`).
import { decodeIntent } from '@ambit/protocol';
import type { AgentSessionPorts } from '@ambit/protocol';
import { createEnvelopeOpeners, nodeDigests } from '@ambit/transport';
import { BareAgent } from './bare-agent.ts';
import { now } from './messages.ts';
import type { AgentFacts, FleetFacts, FleetProgress, ToAgents } from './messages.ts';
import { SimAgent } from './sim-agent.ts';
import type { SimAgentEvents } from './sim-agent.ts';

type Agent = SimAgent | BareAgent;

const agents: Agent[] = [];
const idle = new Set<Agent>();
const dialling = new Set<Agent>();
const connected = new Set<Agent>();
let inFlight = 0;
let wanted = 0;
let progress = nothing();
let telling = false;

function nothing(): { -readonly [K in keyof FleetProgress]: FleetProgress[K] } & {
  accepted: Record<number, { agents: number; at: number }>;
  heard: Record<string, number>;
} {
  return { connected: 0, accepted: {}, cut: 0, bytes: 0, entries: 0, heard: {} };
}

function tell(): void {
  if (telling) return;
  telling = true;
  setTimeout(() => {
    telling = false;
    process.send?.({ ...progress, connected: connected.size });
  }, 5);
}

function eventsOf(agent: () => Agent): SimAgentEvents {
  return {
    accepted: (revision) => {
      const known = (progress.accepted[revision] ??= { agents: 0, at: 0 });
      known.agents++;
      known.at = now();
      dialling.delete(agent());
      connected.add(agent());
      dialMore();
      tell();
    },
    closed: () => {
      if (connected.delete(agent())) progress.cut++;
      dialling.delete(agent());
      idle.add(agent());
      tell();
    },
    bytes: (count) => (progress.bytes += count),
    heard: (name, entries) => {
      progress.heard[name] = (progress.heard[name] ?? 0) + 1;
      progress.entries += entries;
    },
  };
}

function dialMore(): void {
  for (const agent of idle) {
    if (dialling.size >= inFlight || dialling.size + connected.size >= wanted) return;
    idle.delete(agent);
    dialling.add(agent);
    agent.dial();
  }
}

function hold(fleet: FleetFacts, facts: readonly AgentFacts[]): void {
  const ports: AgentSessionPorts = {
    digests: nodeDigests,
    ...createEnvelopeOpeners(fleet),
    decodeIntent,
  };
  for (const each of facts) {
    const events = eventsOf(() => agent);
    const agent: Agent = fleet.bare
      ? new BareAgent(each, fleet, events)
      : new SimAgent(each, fleet, { ports, events });
    agents.push(agent);
    idle.add(agent);
  }
}

// Heartbeats spread over time, as those of agents that started at different times do.
let next = 0;
setInterval(() => {
  for (let count = Math.ceil(agents.length / 20); count > 0; count--) {
    agents[next++ % agents.length]?.tick();
  }
}, 50);
setInterval(dialMore, 200);

process.on('message', (order: ToAgents) => {
  switch (order.do) {
    case 'hold':
      return hold(order.fleet, order.agents);
    case 'dial':
      inFlight = order.inFlight;
      wanted = order.agents;
      return dialMore();
    case 'reset':
      progress = nothing();
      return tell();
    case 'end':
      return process.exit(0);
  }
});
process.on('disconnect', () => process.exit(0));
