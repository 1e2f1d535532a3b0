// Deadlines towards a next hop that a test can wait out.
import { standardDeadlines, type Deadlines } from '../../relay-node/src/delivery/smtp-client.ts';

export const quickDeadlines: Deadlines = {
  ...standardDeadlines,
  connectMs: 500,
  greetingMs: 500,
  envelopeMs: 500,
  blockMs: 500,
  finalMs: 500,
};
