// The metrics of both programs -> docs/reference/metrics.md: name, kind, meaning and every value a label can take.
import { operatorMetrics } from '@relayfleet/operator/metrics.ts';
import { nodeMetrics } from '@relayfleet/relay-node/metrics.ts';
import { foldedSeries, type LabelDefinition, type MetricDefinitions } from '@relayfleet/telemetry/metrics.ts';

/** Text of the page, not yet formatted. */
export function metricsPage(): string {
  return `<!-- Generated from relay-node/src/metrics.ts and operator/src/metrics.ts by \`npm run gen\`; edit those files instead. -->

# Metrics

Served at \`/metrics\` by every program, in Prometheus' text format, or OpenMetrics where asked for. No label holds an
address, a recipient's domain, a client or a peer's words. Both programs also export prom-client's figures of the
process (\`process_*\`, \`nodejs_*\`, event-loop delay among them).

## Relay node

${table(nodeMetrics)}

## Operator

${table(operatorMetrics)}

## Every program

${table({ foldedSeries })}
`;
}

function table(definitions: MetricDefinitions): string {
  const rows = Object.values(definitions).map(({ name, type, help, labels }) => {
    const described = Object.entries(labels).map(([label, values]) => `\`${label}\`: ${describe(values)}`);
    return `| \`${name}\` | ${type} | ${help} | ${described.join('<br>')} |`;
  });
  return `| Name | Kind | Meaning | Labels |\n| --- | --- | --- | --- |\n${rows.join('\n')}`;
}

/** Long lists have a page of their own. */
function describe(values: LabelDefinition): string {
  if ('boundedBy' in values) return `bounded by ${values.boundedBy}`;
  return values.length > 20
    ? 'the names in [replies.md](replies.md)'
    : values.map((value) => `\`${value}\``).join(', ');
}
